"""The memory format in which a network is trained: its author's, unless another is known to work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from mnist_tui.models.registry import REGISTRY

if TYPE_CHECKING:
    import torch
    from torch import nn

MemoryFormat = Literal["contiguous", "channels_last"]


def memory_format(spec: str, *, formerly: bool = False) -> MemoryFormat:
    """Channels last, in which convolutions are fastest, for the program's own networks; NCHW for all others.

    A `view` after a convolution, or explicit strides, work in NCHW only. The choice depends on the name alone, never
    on measured speed: the same config must always give the same weights. `formerly`, in runs whose record names no
    format, all networks used channels last.
    """
    return "channels_last" if formerly or spec in REGISTRY else "contiguous"


def place(model: nn.Module, device: torch.device, memory_format: MemoryFormat) -> nn.Module:
    """`model` on `device`, in place; `contiguous` keeps its weights in their original format."""
    import torch

    if memory_format == "contiguous":
        return model.to(device)
    return model.to(device, memory_format=torch.channels_last)  # type: ignore[no-any-return, call-overload]
