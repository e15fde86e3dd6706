"""Sliding windows: how convolution, pooling and padding carry receptive fields."""

from __future__ import annotations

from dataclasses import dataclass

from mnist_tui.inspection.receptive_field.aten_call import AtenCall
from mnist_tui.inspection.receptive_field.fields import Field, State, Unknown

POOLINGS = frozenset({"max_pool2d_with_indices", "avg_pool2d"})


@dataclass(frozen=True)
class Window:
    """A sliding window along one dimension."""

    kernel: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1


def find_windows(call: AtenCall) -> list[Window]:
    """The windows of a convolution or pooling, one for each spatial dimension; empty for anything else."""
    if call.name == "convolution":
        kernel = list(call.arguments["weight"].shape[2:])
    elif call.name in POOLINGS:
        kernel = call.numbers("kernel_size", 2)
    else:
        return []
    count = len(kernel)
    stride = call.numbers("stride", count) if call.arguments["stride"] else kernel
    padding = call.numbers("padding", count)
    dilation = call.numbers("dilation", count) if "dilation" in call.arguments else [1] * count
    return [Window(*sizes) for sizes in zip(kernel, stride, padding, dilation, strict=True)]


def convolve(call: AtenCall, field: Field) -> State:
    """Every channel of a window feeds every channel of the output, within its group."""
    if call.arguments["transposed"]:
        return Unknown("a transposed convolution gives neighboring positions different fields")
    slid = _slide(call, field, find_windows(call))
    channels = -len(find_windows(call)) - 1
    if not isinstance(slid, Field) or channels not in slid.spread_dims():
        return slid
    if call.arguments["groups"] > 1:
        return Unknown("a grouped convolution over positions instead of channels is not followed")
    return slid.collapse([channels])


def pool(call: AtenCall, field: Field) -> State:
    """Max or average pooling; a window that `ceil_mode` lets hang over the edge still begins in line."""
    return _slide(call, field, find_windows(call))


def pool_to_size(call: AtenCall, field: Field) -> State:
    """Adaptive pooling of a map that divides evenly: pooling with windows side by side."""
    old, new = call.first.shape[-2:], call.output.shape[-2:]
    if any(before % after for before, after in zip(old, new, strict=True)):
        return Unknown(f"adaptive pooling from {tuple(old)} to {tuple(new)} has windows of unequal size")
    strides = [before // after for before, after in zip(old, new, strict=True)]
    return _slide(call, field, [Window(stride, stride) for stride in strides])


def pad(call: AtenCall, field: Field) -> State:
    """Constant, reflecting or repeating padding: the positions inside keep what they depend on."""
    amounts = call.arguments["pad"] if "pad" in call.arguments else call.arguments["padding"]
    # In pairs (before, after), from the last dimension on.
    return _slide(call, field, [Window(1, padding=before) for before in reversed(amounts[::2])])


def _slide(call: AtenCall, field: Field, over: list[Window]) -> State:
    """`field` after windows along the last `len(over)` dimensions."""
    before, after = call.first.shape, call.output.shape
    moved = []
    for axis in field.axes:
        slides = axis.jump and axis.dim >= -len(over)
        if slides and (over[axis.dim] != Window(1) or after[axis.dim] != before[axis.dim]):
            if not axis.is_alone(before):
                return Unknown(f"{call.name} over a dimension that holds more than one side of the image")
            window = over[axis.dim]
            axis = axis.window(window.kernel, window.stride, window.padding, window.dilation, after[axis.dim])
        moved.append(axis)
    return Field(tuple(moved))
