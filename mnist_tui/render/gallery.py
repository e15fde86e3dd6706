"""Many small images of one size side by side, as large as they fit."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.segment import Segment

from mnist_tui.render.pixels import Matrix, largest, signed_image

# The columns per pixel; at half the size two pixels share a column.
_SCALES = (4, 3, 2, 1)
_GAP = 1
# A vector is wrapped into rows of this many numbers.
_ROW = 16


@dataclass(frozen=True)
class Room:
    """Columns and lines; without `lines` there is no limit to them."""

    columns: int
    lines: int | None = None


class Gallery:
    """Signed images on a common scale of brightness: row by row, as many as fit the width.

    All `grids` have one size. If even the smallest scale does not fit the room, the gallery is higher than that.
    Full brightness is at the magnitude `most`, which several galleries may share, or else at the largest.
    """

    def __init__(self, grids: Sequence[Matrix], room: Room, *, most: float | None = None, plain: bool = False) -> None:
        grids = [_wrap(grid) for grid in grids]
        most = max(map(largest, grids), default=0.0) if most is None else most
        scale = _fitting_scale(grids, room)
        grids = grids if scale else [shrink(grid) for grid in grids]
        self._images = [signed_image(grid, most=most, scale=scale or 1, plain=plain) for grid in grids]
        self._plain = plain
        most_across = _across(self._images[0].width if grids else 0, room.columns)
        # Rows of one length, as far as that goes: 4 and 4 rather than 7 and 1.
        self._across = math.ceil(len(grids) / math.ceil(len(grids) / most_across)) if grids else 1

    @property
    def height(self) -> int:
        """In lines."""
        return sum(1 for _ in self._lines(plain=True))

    def _lines(self, *, plain: bool) -> Iterator[list[Segment]]:
        for start in range(0, len(self._images), self._across):
            if start:
                yield []
            row = [image.lines(plain=plain) for image in self._images[start : start + self._across]]
            for parts in zip(*row, strict=True):
                yield [segment for part in parts for segment in (*part, Segment(" " * _GAP))][:-1]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self._lines(plain=self._plain or console.no_color or console.color_system is None):
            yield from line
            yield Segment.line()

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        shown = self._images[: self._across]
        width = sum(image.width + _GAP for image in shown) - _GAP if shown else 0
        return Measurement(width, width)


def shrink(grid: Matrix) -> list[list[float]]:
    """Half the size: the means of two by two pixels; at an odd end, of those that are there."""
    return [
        [_mean([value for row in rows for value in row[at : at + 2]]) for at in range(0, len(rows[0]), 2)]
        for rows in (grid[at : at + 2] for at in range(0, len(grid), 2))
    ]


def _fitting_scale(grids: Sequence[Matrix], room: Room) -> int:
    """The largest scale at which all fit; 0 for images of half the size."""
    if not grids or not grids[0]:
        return 1
    height, width = len(grids[0]), len(grids[0][0])
    for scale in _SCALES:
        across = _across(width * scale, room.columns)
        rows = math.ceil(len(grids) / across)
        lines = rows * (math.ceil(height * scale / 2) + _GAP) - _GAP
        if width * scale <= room.columns and (room.lines is None or lines <= room.lines):
            return scale
    return 0 if height > 1 else 1


def _across(width: int, columns: int) -> int:
    return max(1, (columns + _GAP) // (width + _GAP))


def _wrap(grid: Matrix) -> Matrix:
    """A long row as several, the last padded with zeros."""
    if len(grid) != 1 or len(grid[0]) <= _ROW:
        return grid
    row = list(grid[0])
    row += [0.0] * (-len(row) % _ROW)
    return [row[at : at + _ROW] for at in range(0, len(row), _ROW)]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
