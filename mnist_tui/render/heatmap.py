"""Colors of a confusion matrix: mistakes on a scale of their own, which the diagonal does not dwarf."""

from __future__ import annotations

import math
from collections.abc import Sequence

Rgb = tuple[int, int, int]

_INK, _PAPER = (16, 16, 16), (255, 255, 255)
# The luminance to which both have the same contrast (WCAG 2).
_EQUAL = 0.19
# Right answers are a calm blue; mistakes go from a hint of orange to a glowing red.
_RIGHT_LOW, _RIGHT_HIGH = (24, 40, 64), (38, 92, 150)
_WRONG = ((58, 44, 28), (168, 96, 24), (232, 72, 40))


def find_most_confused(confusion: Sequence[Sequence[int]]) -> int:
    """The largest count off the diagonal."""
    return max(
        (count for row, counts in enumerate(confusion) for column, count in enumerate(counts) if row != column),
        default=0,
    )


def right_color(count: int, support: int) -> Rgb:
    """The color of a cell on the diagonal: the brighter, the more of its class are right."""
    return _interpolate(_RIGHT_LOW, _RIGHT_HIGH, count / support if support else 0.0)


def wrong_color(count: int, most: int) -> Rgb | None:
    """The color of a cell off the diagonal, on a logarithmic scale up to `most`; None without mistakes."""
    if not count:
        return None
    share = math.log1p(count) / math.log1p(max(most, 1))
    low, middle, high = _WRONG
    return _interpolate(low, middle, 2 * share) if share < 0.5 else _interpolate(middle, high, 2 * share - 1)


def readable_color(background: Rgb) -> Rgb:
    """Black or white, whichever has more contrast."""
    red, green, blue = (_linear(part / 255) for part in background)
    return _INK if 0.2126 * red + 0.7152 * green + 0.0722 * blue > _EQUAL else _PAPER


def _linear(part: float) -> float:
    """The intensity of a color's part, from its value in sRGB."""
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def _interpolate(start: Rgb, end: Rgb, share: float) -> Rgb:
    red, green, blue = (round(a + min(max(share, 0.0), 1.0) * (b - a)) for a, b in zip(start, end, strict=True))
    return red, green, blue
