"""The memory format that a network is trained in: the author's own, unless the network is known to bear another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from mnist_tui.models.names import REGISTRY

if TYPE_CHECKING:
    import torch
    from torch import nn

MemoryFormat = Literal["contiguous", "channels_last"]


def memory_format(spec: str, *, formerly: bool = False) -> MemoryFormat:
    """Channels last, which convolutions are fastest in, for the program's own networks; NCHW for anyone else's.

    A `view` after a convolution, or strides taken by hand, work in NCHW only. The choice goes by the name alone, never
    by a stopwatch: the same config must give the same weights every time. `formerly`, in runs whose record names no
    format, it was channels last for all.
    """
    return "channels_last" if formerly or spec in REGISTRY else "contiguous"


def place(model: nn.Module, device: torch.device, memory_format: MemoryFormat) -> nn.Module:
    """`model` on `device`, in place; `contiguous` leaves its weights in the format that its author gave them."""
    import torch

    if memory_format == "contiguous":
        return model.to(device)
    return model.to(device, memory_format=torch.channels_last)  # type: ignore[no-any-return, call-overload]
