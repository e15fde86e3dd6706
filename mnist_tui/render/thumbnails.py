"""Small gray images of a few lines: four pixels per cell, as each cell shows the best two of its levels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby

from rich.color import Color
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.style import Style

from mnist_tui.render.pixels import Matrix, PixelImage, gray_image, resample, shade

# Which quarters a character fills: upper left, upper right, lower left, lower right. The others are the background.
_QUADRANTS: dict[str, tuple[bool, bool, bool, bool]] = {
    character: tuple(bool(bits & 8 >> place) for place in range(4))  # type: ignore[misc]
    for bits, character in enumerate(" ▗▖▄▝▐▞▟")
}
# Gray levels that differ. Few, so that many cells are alike and are remembered.
_GRAYS = 24
# An image of fewer lines is cut by so many of the pixels that are blank around each of MNIST's digits.
_TINY, _MARGIN = 7, 3


class Thumbnail:
    """A gray image for Rich and Textual, `lines` high and twice as many columns wide: square on most terminals.

    Shades of half blocks are drawn on a console without color, and with `plain` on any.
    """

    def __init__(self, levels: Matrix, *, plain: bool = False) -> None:
        """`levels`: 0 to 1, two rows per line and two columns per column; both numbers are even."""
        self._levels = levels
        self._plain = plain
        self.width, self.height = len(levels[0]) // 2 if levels else 0, len(levels) // 2

    def lines(self, *, plain: bool = False) -> list[list[Segment]]:
        """Top to bottom, each `width` cells; `plain` for shades instead of colors."""
        draw = _plain_line if plain else _color_line
        return [draw(upper, lower) for upper, lower in zip(self._levels[::2], self._levels[1::2], strict=True)]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self.lines(plain=self._plain or console.no_color or console.color_system is None):
            yield from line
            yield Segment.line()

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(self.width, self.width)


def thumbnail(
    rows: Matrix, lines: int, *, high: float = 255.0, plain: bool = False, quadrants: bool = True
) -> Thumbnail | PixelImage:
    """A digit, 0 to `high` in square `rows`, on `lines` lines of twice as many columns.

    Without `quadrants`, for fonts that lack those characters, it is drawn in half blocks, and so half as fine.
    """
    if lines < _TINY and len(rows) > 4 * _MARGIN:
        rows = [row[_MARGIN:-_MARGIN] for row in rows[_MARGIN:-_MARGIN]]
    if quadrants:
        levels = resample(rows, 2 * lines, 4 * lines)
        return Thumbnail([[min(max(value / high, 0.0), 1.0) for value in row] for row in levels], plain=plain)
    return gray_image(resample(rows, 2 * lines, 2 * lines), high=high, plain=plain)


def _color_line(upper: Sequence[float], lower: Sequence[float]) -> list[Segment]:
    """A line of cells, those of one look in one segment."""
    cells = (_cell(*(round(level * (_GRAYS - 1)) for level in levels)) for levels in _quarters(upper, lower))
    return [Segment(character * len(list(alike)), style) for (character, style), alike in groupby(cells)]


def _plain_line(upper: Sequence[float], lower: Sequence[float]) -> list[Segment]:
    return [Segment("".join(shade((a + b) / 2, (c + d) / 2) for a, b, c, d in _quarters(upper, lower)))]


def _quarters(upper: Sequence[float], lower: Sequence[float]) -> Iterator[tuple[float, float, float, float]]:
    return zip(upper[::2], upper[1::2], lower[::2], lower[1::2], strict=True)


@lru_cache(maxsize=1 << 14)
def _cell(*levels: int) -> tuple[str, Style]:
    """The character and the two grays that are most similar to four levels."""
    least, best, grays = float("inf"), " ", (0.0, 0.0)
    for character, filled in _QUADRANTS.items():
        parts = [
            [level for level, is_in in zip(levels, filled, strict=True) if is_in is part] for part in (True, False)
        ]
        means = [sum(part) / len(part) if part else 0.0 for part in parts]
        error = sum((level - means[not is_in]) ** 2 for level, is_in in zip(levels, filled, strict=True))
        if error < least - 1e-9:
            least, best, grays = error, character, (means[0], means[1])
    return best, _style(*map(round, grays))


@lru_cache(maxsize=_GRAYS * _GRAYS)
def _style(ink: int, paper: int) -> Style:
    front, back = (Color.from_rgb(*(round(255 * level / (_GRAYS - 1)),) * 3) for level in (ink, paper))
    return Style.from_color(front, back)
