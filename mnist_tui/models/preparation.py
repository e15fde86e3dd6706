"""A network made ready for training: its device, its memory format and its dropout."""

from __future__ import annotations

from typing import Literal

import torch
from torch import nn

from mnist_tui.models.registry import REGISTRY

MemoryFormat = Literal["contiguous", "channels_last"]

_DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout)


def choose_memory_format(spec: str, *, is_old_run: bool = False) -> MemoryFormat:
    """Channels last, in which convolutions are fastest, for the program's own networks; NCHW for all others.

    A `view` after a convolution, or explicit strides, work in NCHW only. The choice depends on the name alone, never
    on measured speed: the same config must always give the same weights. In an old run, whose record names no format,
    all networks use channels last.
    """
    return "channels_last" if is_old_run or spec in REGISTRY else "contiguous"


def move_model(model: nn.Module, device: torch.device, memory_format: MemoryFormat) -> nn.Module:
    """`model` on `device`, in place; `contiguous` keeps its weights in their original format."""
    if memory_format == "contiguous":
        return model.to(device)
    return model.to(device, memory_format=torch.channels_last)  # type: ignore[no-any-return, call-overload]


def scale_dropout(model: nn.Module, factor: float) -> None:
    """Multiply the probability of each dropout layer by `factor`, in [0, 1].

    Evaluation stays the same, and so does the dropout of a forward that calls F.dropout itself.
    """
    for layer in model.modules():
        if isinstance(layer, _DROPOUTS):
            layer.p *= factor
