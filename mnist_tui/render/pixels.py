"""Small arrays as images: two pixels per character, one above the other, or shades without color."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import zip_longest
from typing import TypeVar

from rich.color import Color
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.style import Style

Matrix = Sequence[Sequence[float]]
"""Rows of numbers, all of one length: `array.tolist()` of an image (H, W)."""

Rgb = tuple[int, int, int]
"""Red, green and blue, 0 to 255."""
_Pixel = TypeVar("_Pixel")
# Zero is dark and magnitude is brightness, on light and dark themes. Nearly everyone can distinguish blue and orange.
_POSITIVE, _NEGATIVE, _DARK = (255, 176, 64), (96, 176, 255), (16, 16, 16)
# Positive and negative saliency, each on background and on ink: a digit stays visible under it.
_HOT = ((200, 56, 0), (255, 208, 144))
_COLD = ((0, 72, 200), (160, 208, 255))

# The levels of the upper and the lower half of each character. Stripes are negative.
_SHADES: dict[str, tuple[float, float]] = {
    " ": (0, 0),
    "░": (0.25, 0.25),
    "▒": (0.5, 0.5),
    "▓": (0.75, 0.75),
    "█": (1, 1),
    "▀": (1, 0),
    "▄": (0, 1),
    "-": (-0.3, -0.3),
    "=": (-0.6, -0.6),
    "≡": (-0.9, -0.9),
}
_STEPS = 20  # to which levels are rounded before a shade is chosen, so that the choice can be remembered


class PixelImage:
    """An image for Rich and Textual: `width` columns, `height` lines.

    `colors` are drawn, or shades of `levels` (-1 to 1) on a console without color, and with `plain` on any. Each pixel
    is `scale` columns wide and half as many lines high.
    """

    def __init__(self, colors: Sequence[Sequence[Rgb]], levels: Matrix, *, scale: int = 1, plain: bool = False) -> None:
        self._plain = plain
        self._colors = _enlarge(colors, scale)
        self._levels = _enlarge(levels, scale)
        self.width = len(self._colors[0]) if self._colors else 0
        self.height = (len(self._colors) + 1) // 2

    def lines(self, *, plain: bool = False) -> list[list[Segment]]:
        """Top to bottom, each `width` cells; `plain` for shades instead of colors."""
        if plain:
            return [
                [Segment("".join(shade(a, b) for a, b in zip(upper, lower, strict=True)))]
                for upper, lower in _pairs(self._levels, 0.0)
            ]
        return [
            [Segment("▀", _style(a, b)) for a, b in zip(upper, lower, strict=True)]
            for upper, lower in _pairs(self._colors, None)
        ]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        plain = self._plain or console.no_color or console.color_system is None
        for line in self.lines(plain=plain):
            yield from line
            yield Segment.line()

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(self.width, self.width)


def gray_image(rows: Matrix, *, high: float = 255.0, scale: int = 1, plain: bool = False) -> PixelImage:
    """From black at 0 to white at `high`, as a digit in MNIST."""
    levels = _levels(rows, lambda value: value / (high or 1.0), 0.0)
    return PixelImage([[gray(level) for level in row] for row in levels], levels, scale=scale, plain=plain)


def signed_image(rows: Matrix, *, most: float | None = None, scale: int = 1, plain: bool = False) -> PixelImage:
    """Positive is orange, negative blue, zero dark; full brightness at the magnitude `most`, or the largest."""
    most = largest(rows) if most is None else most
    levels = _levels(rows, lambda value: value / (most or 1.0), -1.0)
    return PixelImage([[signed_color(level) for level in row] for row in levels], levels, scale=scale, plain=plain)


def heat_image(rows: Matrix, heat: Matrix, *, scale: int = 1, plain: bool = False) -> PixelImage:
    """A digit (0 to 255) in gray under a saliency map (-1 to 1). Without color only the map is drawn."""
    digit, glow = _levels(rows, lambda value: value / 255, 0.0), _levels(heat, lambda value: value, -1.0)
    colors = [
        [_heat_color(ink, warmth) for ink, warmth in zip(*pair, strict=True)] for pair in zip(digit, glow, strict=True)
    ]
    return PixelImage(colors, glow, scale=scale, plain=plain)


def shade(upper: float, lower: float) -> str:
    """The character for a cell without color whose halves have these levels, -1 to 1."""
    return _nearest_shade(_quantize(upper), _quantize(lower))


def resample(rows: Matrix, height: int, width: int) -> list[list[float]]:
    """The image in `height` by `width` pixels, each the mean of what it covers."""
    narrow = [_means(row, width) for row in rows]
    return [list(row) for row in zip(*(_means(column, height) for column in zip(*narrow, strict=True)), strict=True)]


def largest(rows: Matrix) -> float:
    """The largest magnitude among the finite numbers; 0 where there is none."""
    return max((abs(value) for row in rows for value in row if math.isfinite(value)), default=0.0)


def _levels(rows: Matrix, level: Callable[[float], float], least: float) -> list[list[float]]:
    """Matrix between `least` and 1; a number that is not finite counts as 0."""
    return [[min(max(level(value), least), 1.0) if math.isfinite(value) else 0.0 for value in row] for row in rows]


@lru_cache(maxsize=1024)
def gray(level: float) -> Rgb:
    """Black at 0, white at 1."""
    value = round(255 * level)
    return value, value, value


@lru_cache(maxsize=4096)
def signed_color(level: float) -> Rgb:
    """Orange at 1, blue at -1, dark at 0."""
    return _mix(_DARK, _POSITIVE if level > 0 else _NEGATIVE, abs(level))


def _heat_color(ink: float, heat: float) -> Rgb:
    return _mix(gray(0.6 * ink), _mix(*(_HOT if heat > 0 else _COLD), ink), abs(heat))


def _mix(start: Rgb, end: Rgb, share: float) -> Rgb:
    red, green, blue = (round(a + share * (b - a)) for a, b in zip(start, end, strict=True))
    return red, green, blue


@lru_cache(maxsize=16384)
def _style(upper: Rgb | None, lower: Rgb | None) -> Style:
    above, below = (None if color is None else Color.from_rgb(*color) for color in (upper, lower))
    return Style.from_color(above, below)


def _quantize(level: float) -> int:
    return round(_STEPS * level)


@lru_cache(maxsize=4096)
def _nearest_shade(upper: int, lower: int) -> str:
    """The character that is most similar to two levels, given in steps."""

    def error(shade: str) -> float:
        above, below = _SHADES[shade]
        return (above - upper / _STEPS) ** 2 + (below - lower / _STEPS) ** 2

    return min(_SHADES, key=error)


def _means(values: Sequence[float], count: int) -> list[float]:
    """Means over `count` equal stretches."""
    if count == len(values):
        return list(values)
    return [
        sum(share * values[at] for at, share in stretch) / total for stretch, total in _stretches(len(values), count)
    ]


@lru_cache(maxsize=256)
def _stretches(size: int, count: int) -> tuple[tuple[tuple[tuple[int, float], ...], float], ...]:
    """For each of `count` stretches, which of `size` values it covers and how much of each, and the sum of that."""
    found = []
    for number in range(count):
        begin, end = number * size / count, (number + 1) * size / count
        at = range(int(begin), min(math.ceil(end), size))
        shares = tuple((one, min(end, one + 1) - max(begin, one)) for one in at)
        found.append((shares, sum(share for _, share in shares)))
    return tuple(found)


def _enlarge(rows: Sequence[Sequence[_Pixel]], scale: int) -> list[list[_Pixel]]:
    return [[pixel for pixel in row for _ in range(scale)] for row in rows for _ in range(scale)]


def _pairs(rows: Sequence[Sequence[_Pixel]], missing: _Pixel) -> Iterable[tuple[Sequence[_Pixel], Sequence[_Pixel]]]:
    """Pairs of rows that share a line; the last of an odd number has `missing` pixels below it."""
    below = [missing] * len(rows[0]) if rows else []
    return zip_longest(rows[::2], rows[1::2], fillvalue=below)
