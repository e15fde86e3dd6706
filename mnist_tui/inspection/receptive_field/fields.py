"""Receptive fields as arithmetic: which pixels each element of a tensor depends on. No torch.

After Araujo, Norris and Sim, "Computing receptive fields of convolutional neural networks" (Distill, 2019),
but with intervals instead of sizes, so that branches can be united and padding can differ between sides.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Axis:
    """Along one side of the image: position p depends on the pixels p * jump + low to p * jump + high.

    Jump 0 says that all elements depend on the same pixels. Otherwise the position of the element with
    index i along the tensor's `dim` (negative, so that broadcasting keeps it) is (i // inner) % size: after
    a flatten one dimension carries both sides of the image, and the channels too.
    """

    low: int
    high: int
    jump: int
    size: int
    dim: int
    inner: int = 1

    @property
    def extent(self) -> int:
        """Pixels from the first to the last one that a position depends on."""
        return self.high - self.low + 1

    def is_alone(self, shape: Sequence[int]) -> bool:
        """Whether the tensor's dimension carries nothing but this axis."""
        return self.inner == 1 and shape[self.dim] == self.size

    def everywhere(self) -> Axis:
        """All positions taken together."""
        return Axis(self.low, self.high + (self.size - 1) * self.jump, jump=0, size=1, dim=-1)

    def window(self, kernel: int, stride: int, padding: int, dilation: int, size: int) -> Axis:
        """After a sliding window with `size` positions, the first of them `padding` before the input."""
        if self.jump == 0:
            return self
        first = self.low - padding * self.jump
        last = self.high + ((kernel - 1) * dilation - padding) * self.jump
        return dataclasses.replace(self, low=first, high=last, jump=self.jump * stride, size=size)


@dataclass(frozen=True)
class Field:
    """What the elements of one tensor depend on: one axis for each side of the image."""

    axes: tuple[Axis, ...]

    def collapse(self, dims: Iterable[int]) -> Field:
        """Each element now depends on all that lie along `dims` (negative)."""
        gone = set(dims)
        return Field(tuple(axis.everywhere() if axis.jump and axis.dim in gone else axis for axis in self.axes))

    def is_everywhere(self) -> bool:
        """Whether all elements depend on the same pixels."""
        return not any(axis.jump for axis in self.axes)

    def spread_dims(self) -> set[int]:
        """The tensor's dimensions (negative) along which positions change."""
        return {axis.dim for axis in self.axes if axis.jump}


@dataclass(frozen=True)
class Unknown:
    """A field that cannot be determined, and the reason."""

    reason: str


State = Field | Unknown | None
"""None is a tensor that does not depend on the image, such as a weight."""


def image_field(shape: Sequence[int]) -> State:
    """The field of the input itself, of shape (C, H, W): each pixel depends on itself."""
    if len(shape) != 3:
        return Unknown(f"an input of shape {tuple(shape)} has no height and width")
    return Field(tuple(Axis(0, 0, 1, size, dim) for dim, size in ((-2, shape[-2]), (-1, shape[-1]))))


def unite(states: Iterable[State]) -> State:
    """What depends on all of these, element by element, once their dimensions are aligned at the end."""
    united: State = None
    for state in states:
        united = state if united is None else _unite_two(united, state)
    return united


def broadcast(field: Field, shape: Sequence[int], target: Sequence[int]) -> Field:
    """The field of a tensor of `shape` spread to `target`: an axis that is repeated stops moving."""
    return field.collapse(dim for dim in field.spread_dims() if shape[dim] == 1 != target[dim])


def reshape(field: Field, old: Sequence[int], new: Sequence[int]) -> State:
    """The field after a view from shape `old` to shape `new`, which keeps the row-major order."""
    moved = [_reshape_axis(axis, old, new) for axis in field.axes]
    known = [axis for axis in moved if axis is not None]
    if len(known) < len(moved):
        return Unknown(f"a view from {tuple(old)} to {tuple(new)} tears a side of the image apart")
    return Field(tuple(known))


def permute(field: Field, order: Sequence[int]) -> Field:
    """The field after output dimension i has become input dimension `order[i]` (both from 0)."""
    rank = len(order)
    target = {source - rank: index - rank for index, source in enumerate(order)}
    return Field(tuple(dataclasses.replace(axis, dim=target[axis.dim]) if axis.jump else axis for axis in field.axes))


def _unite_two(first: Field | Unknown, second: State) -> Field | Unknown:
    if second is None or isinstance(first, Unknown):
        return first
    if isinstance(second, Unknown):
        return second
    axes = [_hull(one, other) for one, other in zip(first.axes, second.axes, strict=True)]
    known = [axis for axis in axes if axis is not None]
    if len(known) < len(axes):
        return Unknown("its inputs see the image at different strides or in different orders")
    return Field(tuple(known))


def _hull(one: Axis, other: Axis) -> Axis | None:
    """The axis that covers both, position by position; None where there is none."""
    if _positions(one) == _positions(other):
        return dataclasses.replace(one, low=min(one.low, other.low), high=max(one.high, other.high))
    return next((axis for axis, moving in ((one, other), (other, one)) if _covers(axis, moving)), None)


def _positions(axis: Axis) -> tuple[int, ...]:
    return (axis.jump, axis.size, axis.dim, axis.inner)


def _covers(still: Axis, moving: Axis) -> bool:
    whole = moving.everywhere()
    return still.jump == 0 and still.low <= whole.low and whole.high <= still.high


def _reshape_axis(axis: Axis, old: Sequence[int], new: Sequence[int]) -> Axis | None:
    """`axis` in the new shape: its stride in the row-major order stays, and so does its size."""
    if axis.jump == 0 or axis.size == 1:
        return axis.everywhere()
    stride = axis.inner * math.prod(old[len(old) + axis.dim + 1 :])
    for index, length in enumerate(new):
        trailing = math.prod(new[index + 1 :])
        inner, odd = divmod(stride, trailing or 1)  # 0 where a dimension is empty
        if inner and not odd and length % (inner * axis.size) == 0:
            return dataclasses.replace(axis, dim=index - len(new), inner=inner)
    return None
