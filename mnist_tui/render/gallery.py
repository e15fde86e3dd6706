"""Many small images of one size side by side, as large as they fit."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.segment import Segment

from mnist_tui.render.pixels import Matrix, PixelImage, largest, signed_image
from mnist_tui.render.thumbnails import Thumbnail, signed_thumbnail

# The columns per pixel, where there is room for so many; else an image is reduced, at most to half of its size.
# Without a limit to the lines, as on paper, they are not enlarged as far.
_SCALES, _SCALES_UNLIMITED = (16, 14, 12, 10, 8, 7, 6, 5, 4, 3, 2, 1), (4, 3, 2, 1)
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
        self._images = _draw(grids, room, most, plain)
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


def _draw(grids: Sequence[Matrix], room: Room, most: float, plain: bool) -> list[PixelImage | Thumbnail]:
    """All grids at the largest size at which they fit, or at the least size."""
    if not grids or not grids[0]:
        return []
    height, width = len(grids[0]), len(grids[0][0])
    for scale in _SCALES_UNLIMITED if room.lines is None else _SCALES:
        if _fits(len(grids), width * scale, math.ceil(height * scale / 2), room) or (height == 1 and scale == 1):
            return [signed_image(grid, most=most, scale=scale, plain=plain) for grid in grids]
    half = math.ceil(width / 2)
    sizes = ((columns, max(1, round(height * columns / width / 2))) for columns in range(width - 1, half - 1, -1))
    columns, lines = next((size for size in sizes if _fits(len(grids), *size, room)), (half, math.ceil(height / 4)))
    return [signed_thumbnail(grid, columns, lines, most=most, plain=plain) for grid in grids]


def _fits(count: int, width: int, height: int, room: Room) -> bool:
    """Whether so many images of this size, in cells, fit."""
    rows = math.ceil(count / _across(width, room.columns))
    return width <= room.columns and (room.lines is None or rows * (height + _GAP) - _GAP <= room.lines)


def _across(width: int, columns: int) -> int:
    return max(1, (columns + _GAP) // (width + _GAP))


def _wrap(grid: Matrix) -> Matrix:
    """A long row as several, the last padded with zeros."""
    if len(grid) != 1 or len(grid[0]) <= _ROW:
        return grid
    row = list(grid[0])
    row += [0.0] * (-len(row) % _ROW)
    return [row[at : at + _ROW] for at in range(0, len(row), _ROW)]
