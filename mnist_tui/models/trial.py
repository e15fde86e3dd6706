"""One forward pass that shows whether a network takes digits and answers with ten numbers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch
from torch import nn

from mnist_tui.models.run_source import first_own_line
from mnist_tui.models.source import ModelSource, misfit

TRIAL_SHAPE = (2, 1, 28, 28)
WANTED_SHAPE = (2, 10)


def try_forward(source: ModelSource, model: nn.Module) -> None:
    """Run `model` once on zeros, which also gives lazy layers their shapes. Raises ModelError on a misfit."""
    with _evaluating(model), torch.no_grad():
        try:
            output = model(torch.zeros(TRIAL_SHAPE))
        except Exception as error:
            where = first_own_line(error, source.path)
            raise misfit(
                source.spec,
                f"its forward raised {type(error).__name__}: {error}{where}, "
                f"for an input of shape {TRIAL_SHAPE}",
                remedy="A model takes images of shape (N, 1, 28, 28), for any N.",
            ) from error
    complaint = _complaint(output)
    if complaint:
        raise misfit(
            source.spec,
            f"{complaint} for an input of shape {TRIAL_SHAPE}",
            remedy="A model answers with one logit a class: a floating tensor of shape (N, 10).",
        )


def _complaint(output: object) -> str:
    if not isinstance(output, torch.Tensor):
        return f"its forward gives a {type(output).__name__}, not a tensor,"
    if tuple(output.shape) != WANTED_SHAPE:
        return f"its output has shape {tuple(output.shape)}, not {WANTED_SHAPE},"
    if not output.is_floating_point():
        return f"its output is of type {output.dtype}, not floating,"
    return ""


@contextlib.contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode for a while, then each module's own: a frozen one may have been set to evaluate."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training
