"""Images smaller than their pixels: four pixels per cell, as each cell shows the best two of its levels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby

from rich.color import Color
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.style import Style

from mnist_tui.render.pixels import Matrix, PixelImage, Rgb, gray, gray_image, resample, shade, signed_color

# Which quarters a character fills: upper left, upper right, lower left, lower right. The others are the background.
_QUADRANTS: dict[str, tuple[bool, bool, bool, bool]] = {
    character: tuple(bool(bits & 8 >> place) for place in range(4))  # type: ignore[misc]
    for bits, character in enumerate(" ▗▖▄▝▐▞▟")
}
# Levels between 0 and 1 that differ. Few, so that many cells are alike and are remembered.
_STEPS = 24
# What is left out of a digit below this many lines: at most so much of the blank margin around it.
_TINY, _MARGIN, _BLANK = 7, 4, 0.1

Palette = Callable[[float], Rgb]
"""The color of a level, -1 to 1."""


class Thumbnail:
    """An image for Rich and Textual: `width` columns, `height` lines.

    Shades of half blocks are drawn on a console without color, and with `plain` on any.
    """

    def __init__(self, levels: Matrix, *, palette: Palette = gray, plain: bool = False) -> None:
        """`levels`: -1 to 1, two rows per line and two columns per column; both numbers are even."""
        self._levels, self._palette, self._plain = levels, palette, plain
        self.width, self.height = len(levels[0]) // 2 if levels else 0, len(levels) // 2

    def lines(self, *, plain: bool = False) -> list[list[Segment]]:
        """Top to bottom, each `width` cells; `plain` for shades instead of colors."""
        pairs = zip(self._levels[::2], self._levels[1::2], strict=True)
        if plain:
            return [_plain_line(upper, lower) for upper, lower in pairs]
        return [_color_line(upper, lower, self._palette) for upper, lower in pairs]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self.lines(plain=self._plain or console.no_color or console.color_system is None):
            yield from line
            yield Segment.line()

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(self.width, self.width)


def thumbnail(
    rows: Matrix, lines: int, *, high: float = 255.0, plain: bool = False, quadrants: bool = True
) -> Thumbnail | PixelImage:
    """A digit, 0 to `high` in square `rows`, on `lines` lines of twice as many columns: square on most terminals.

    Without `quadrants`, for fonts that lack those characters, it is drawn in half blocks, and so half as fine.
    """
    if lines < _TINY:
        rows = _cut_margin(rows, _BLANK * high)
    if quadrants:
        levels = resample(rows, 2 * lines, 4 * lines)
        return Thumbnail([[min(max(value / high, 0.0), 1.0) for value in row] for row in levels], plain=plain)
    return gray_image(resample(rows, 2 * lines, 2 * lines), high=high, plain=plain)


def signed_thumbnail(rows: Matrix, columns: int, lines: int, *, most: float, plain: bool = False) -> Thumbnail:
    """Positive is orange, negative blue, zero dark; full brightness at the magnitude `most`."""
    levels = resample(rows, 2 * lines, 2 * columns)
    scaled = [[min(max(value / (most or 1.0), -1.0), 1.0) for value in row] for row in levels]
    return Thumbnail(scaled, palette=signed_color, plain=plain)


def _cut_margin(rows: Matrix, blank: float) -> Matrix:
    """Without what is blank on all four sides, as far as that is within the usual margin."""
    margin = 0
    while margin < _MARGIN and max(map(max, _frame(rows, margin))) <= blank:
        margin += 1
    return [row[margin : len(row) - margin] for row in rows[margin : len(rows) - margin]]


def _frame(rows: Matrix, margin: int) -> Iterator[Sequence[float]]:
    """The outermost rows and columns of what `margin` leaves."""
    inner = [row[margin : len(row) - margin] for row in rows[margin : len(rows) - margin]]
    yield from (inner[0], inner[-1], [row[0] for row in inner], [row[-1] for row in inner])


def _color_line(upper: Sequence[float], lower: Sequence[float], palette: Palette) -> list[Segment]:
    """A line of cells, those of one look in one segment."""
    cells = (_cell(*(round(level * _STEPS) for level in levels)) for levels in _quarters(upper, lower))
    return [
        Segment(character * len(list(alike)), _style(ink, paper, palette))
        for (character, ink, paper), alike in groupby(cells)
    ]


def _plain_line(upper: Sequence[float], lower: Sequence[float]) -> list[Segment]:
    return [Segment("".join(shade((a + b) / 2, (c + d) / 2) for a, b, c, d in _quarters(upper, lower)))]


def _quarters(upper: Sequence[float], lower: Sequence[float]) -> Iterator[tuple[float, float, float, float]]:
    return zip(upper[::2], upper[1::2], lower[::2], lower[1::2], strict=True)


@lru_cache(maxsize=1 << 15)
def _cell(*levels: int) -> tuple[str, int, int]:
    """The character, and the levels of its ink and paper, that are most similar to four levels."""
    least, best = float("inf"), (" ", 0, 0)
    for character, filled in _QUADRANTS.items():
        ink, paper = (
            [level for level, is_ink in zip(levels, filled, strict=True) if is_ink is part] for part in (True, False)
        )
        means = [sum(part) / len(part) if part else 0.0 for part in (ink, paper)]
        error = sum((level - mean) ** 2 for part, mean in zip((ink, paper), means, strict=True) for level in part)
        if error < least - 1e-9:
            least, best = error, (character, round(means[0]), round(means[1]))
    return best


@lru_cache(maxsize=8 * _STEPS * _STEPS)
def _style(ink: int, paper: int, palette: Palette) -> Style:
    front, back = (Color.from_rgb(*palette(level / _STEPS)) for level in (ink, paper))
    return Style.from_color(front, back)
