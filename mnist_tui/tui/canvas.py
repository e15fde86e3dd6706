"""A canvas without a screen: strokes of a soft brush in gray levels, which can be undone.

Points are (x, y), each from 0 to 1 across the canvas, x to the right and y down; they may lie outside of it.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mnist_tui.config import IMAGE_SIZE

InkMap = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]
Point = tuple[float, float]
_Floats = npt.NDArray[np.float64]

SIDE = 4 * IMAGE_SIZE
"""Pixels per side of the canvas: four to each of the network's, so that a stroke's edge is still soft there."""

# Radii of pen and eraser and the width of the soft edge, as fractions of the canvas's side.
# MNIST's strokes are about a tenth of a digit's height wide.
RADIUS, ERASER, _EDGE = 0.045, 0.08, 0.03
_POINT = 1e-12  # a line whose squared length is less is a point
_UNDO_LEVELS = 200


@dataclass(frozen=True, eq=False)
class Drawing:
    """A copy of what is on a canvas.

    Framed, `ink` is an image as a network gets it, (28, 28) uint8: a test image, perhaps altered. Else it is
    (SIDE, SIDE) float32 from 0 to 1, still to be centered and scaled.
    """

    ink: npt.NDArray[np.generic]
    is_mnist_format: bool


@dataclass(frozen=True, eq=False)
class _State:
    ink: InkMap
    origin: str = ""


class Canvas:
    """0 is paper and 1 full ink. Every change can be undone, a stroke as a whole."""

    def __init__(self) -> None:
        self._state = _State(np.zeros((SIDE, SIDE), np.float32))
        self._undo: deque[_State] = deque(maxlen=_UNDO_LEVELS)
        self._redo: list[_State] = []
        self._before: _State | None = None
        self._last: Point = (0.0, 0.0)
        self._erases = False

    @property
    def ink(self) -> InkMap:
        """(SIDE, SIDE), read-only; another array, or changed in place, after the next stroke."""
        return self._state.ink

    @property
    def origin(self) -> str:
        """What was loaded, in words; "" where everything was drawn by hand."""
        return self._state.origin

    @property
    def is_blank(self) -> bool:
        """Whether there is no ink at all."""
        return not self._state.ink.any()

    @property
    def is_drawing(self) -> bool:
        """Whether a stroke has begun and not ended."""
        return self._before is not None

    @property
    def can_undo(self) -> bool:
        """Whether there is something to undo."""
        return bool(self._undo) or self.is_drawing

    @property
    def can_redo(self) -> bool:
        """Whether something was undone, and nothing was done since."""
        return bool(self._redo) and not self.is_drawing

    def begin(self, point: Point, *, erase: bool = False) -> None:
        """Set the brush, or the eraser, down."""
        self.end()
        self._before, self._last, self._erases = self._state, point, erase
        self._state = _State(self._state.ink.copy(), self._state.origin)
        self.move(point)

    def move(self, point: Point) -> None:
        """Draw from where the brush was to here, however far that is; nothing while it is up."""
        if self.is_drawing:
            draw_line(self._state.ink, self._last, point, ERASER if self._erases else RADIUS, self._erases)
            self._last = point

    def end(self) -> None:
        """Lift the brush. A stroke that changed nothing is none."""
        before, self._before = self._before, None
        if before is not None and not np.array_equal(before.ink, self._state.ink):
            self._remember(before)

    def undo(self) -> None:
        """Take back the last stroke or other change."""
        self.end()
        if self._undo:
            self._redo.append(self._state)
            self._state = self._undo.pop()

    def redo(self) -> None:
        """Repeat what was undone last."""
        self.end()
        if self._redo:
            self._undo.append(self._state)
            self._state = self._redo.pop()

    def clear(self) -> None:
        self.end()
        if not self.is_blank or self._state.origin:
            self._replace(_State(np.zeros((SIDE, SIDE), np.float32)))

    def invert(self) -> None:
        """Swap ink and paper."""
        self.end()
        self._replace(_State(1 - self._state.ink, self._state.origin))

    def load(self, image: npt.NDArray[np.uint8], origin: str) -> None:
        """Load an image of the network's size, (28, 28) uint8; `origin` says which until it is cleared."""
        self.end()
        ink = image.astype(np.float32) / np.float32(255)
        size = SIDE // IMAGE_SIZE
        self._replace(_State(ink.repeat(size, axis=0).repeat(size, axis=1), origin))

    def drawing(self) -> Drawing:
        """A copy of what is on the canvas now."""
        if self._state.origin:
            return Drawing(np.rint(255 * self.downsample(IMAGE_SIZE)).astype(np.uint8), is_mnist_format=True)
        return Drawing(self._state.ink.copy(), is_mnist_format=False)

    def downsample(self, side: int) -> InkMap:
        """(side, side), each pixel the mean of what it covers."""
        return _means(_means(self._state.ink, side).T, side).T

    def _replace(self, state: _State) -> None:
        self._remember(self._state)
        self._state = state

    def _remember(self, before: _State) -> None:
        self._undo.append(before)
        self._redo.clear()


def draw_line(ink: InkMap, start: Point, end: Point, radius: float, erase: bool = False) -> None:
    """Ink, or take ink from, `ink` (S, S) in place, along a line with round ends and soft edges.

    Drawn twice it is the same as drawn once, so that the parts of a stroke meet without a seam.
    """
    side = len(ink)
    reach = radius + _EDGE / 2
    rows, columns = (_span(start[axis], end[axis], reach, side) for axis in (1, 0))
    x, y = (np.arange(span.start, span.stop) + 0.5 for span in (columns, rows))
    distance = _distance(x[None, :] / side, y[:, None] / side, start, end)
    cover = np.clip((radius - distance) / _EDGE + 0.5, 0, 1, dtype=np.float32)
    part = ink[rows, columns]
    if erase:
        np.minimum(part, 1 - cover, out=part)
    else:
        np.maximum(part, cover, out=part)


def _span(one: float, other: float, reach: float, side: int) -> slice:
    """The pixels along one axis that a line with this reach can touch."""
    low, high = min(one, other) - reach, max(one, other) + reach
    begin = min(max(math.floor(low * side), 0), side)
    return slice(begin, max(begin, min(math.ceil(high * side), side)))


def _distance(x: _Floats, y: _Floats, start: Point, end: Point) -> _Floats:
    """Of each point to the line from `start` to `end`."""
    across, down = end[0] - start[0], end[1] - start[1]
    length = across * across + down * down
    if length < _POINT:
        return np.hypot(x - start[0], y - start[1])
    along = np.clip(((x - start[0]) * across + (y - start[1]) * down) / length, 0, 1)
    return np.hypot(x - start[0] - along * across, y - start[1] - along * down)


def _means(values: InkMap, count: int) -> InkMap:
    """(S, N) -> (count, N): means over equal stretches of the first axis, which may divide pixels.

    By running sums: a product of matrices would wake the threads of a library that training shares the cores with.
    """
    size = len(values)
    sums = np.zeros((size + 1, values.shape[1]))
    np.cumsum(values, axis=0, dtype=np.float64, out=sums[1:])
    edges = np.linspace(0, size, count + 1)
    whole = np.minimum(edges.astype(np.int64), size - 1)
    at_edges = sums[whole] + (edges - whole)[:, None] * (sums[whole + 1] - sums[whole])
    means: InkMap = (np.diff(at_edges, axis=0) * (count / size)).astype(np.float32)
    return means
