"""How ten digits with their answers are arranged in a panel of any size. Pure arithmetic."""

from __future__ import annotations

from dataclasses import dataclass

GAP = 1
"""Blanks between two images."""
# The lines under an image: the answer and how sure; also as a bar; also the answers next to it.
_CAPTIONS = (4, 2, 1)
_CAPTION_WORTH = 0.75
_LEAST_LINES = 3
# An image is not drawn in more lines than it has rows of pixels for two lines each.
MOST_LINES = 14
# From this width on, in cells, the other answers fit under an image.
_WIDE = 14


@dataclass(frozen=True)
class DigitsLayout:
    """`across` digits in a row, each image `lines` high and twice as wide, with `caption` lines under it."""

    across: int
    lines: int
    caption: int

    @property
    def width(self) -> int:
        """Of an image, in cells."""
        return 2 * self.lines

    def height(self, count: int) -> int:
        """Of all rows together, with a blank line between two."""
        rows = -(-count // self.across)
        return rows * (self.lines + self.caption) + (rows - 1)


def choose_layout(count: int, width: int, height: int, *, rows: int | None = None) -> DigitsLayout | None:
    """The layout that shows most, of those with so many `rows` if these are given; None if none fits."""
    if not count:
        return None
    fitting = (
        layout
        for across in {-(-count // down) for down in ((rows,) if rows else range(1, count + 1))}
        for caption in _CAPTIONS
        for lines in range(_LEAST_LINES, MOST_LINES + 1)
        if _fits(layout := DigitsLayout(across, lines, caption), count, width, height)
    )
    return max(fitting, key=_value, default=None)


def _value(layout: DigitsLayout) -> tuple[bool, float, int]:
    """How sure the network is matters more than the size of an image, and a line under one nearly as much as in it."""
    return layout.caption > 1, layout.lines + _CAPTION_WORTH * layout.caption, layout.across


def _fits(layout: DigitsLayout, count: int, width: int, height: int) -> bool:
    if layout.caption == _CAPTIONS[0] and layout.width < _WIDE:
        return False
    return layout.across * (layout.width + GAP) - GAP <= width and layout.height(count) <= height
