"""The layers of any network with their shapes, parameters, MACs and receptive fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnist_tui.config import IMAGE_SHAPE
from mnist_tui.errors import MnistTuiError
from mnist_tui.inspection.requirements import Limits, Requirement, check_requirements
from mnist_tui.inspection.summary import BlockSummary, LayerSummary, ModelSummary, ReceptiveField

if TYPE_CHECKING:
    from torch import nn

__all__ = [
    "BlockSummary",
    "LayerSummary",
    "Limits",
    "ModelSummary",
    "ReceptiveField",
    "Requirement",
    "check_requirements",
    "inspect_model",
]


def inspect_model(model: nn.Module, *, name: str, input_shape: tuple[int, ...] = IMAGE_SHAPE) -> ModelSummary:
    """The layer table of `model` for images of `input_shape` (C, H, W).

    A copy of it runs once, in evaluation mode, without gradients and on the CPU; `model`, its buffers and
    the random state stay as they are. Unknown values are None, with the reason in the notes. Raises InspectionError
    if nothing can be determined.
    """
    from mnist_tui.inspection import summarize  # imports torch, which a finished summary does not need

    try:
        return summarize.summarize_model(model, name, input_shape)
    except Exception as error:  # whatever user code raises when it is traced
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise InspectionError(
            f"the layers of {name} cannot be listed, because its forward cannot be traced: {reason}",
            remedy="It can still be trained.",
        ) from error


class InspectionError(MnistTuiError):
    """A network that cannot be inspected."""
