"""Gray pixels as lines of half blocks: two pixels per cell, one above the other."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from rich.color import Color
from rich.segment import Segment
from rich.style import Style

Levels = npt.NDArray[np.uint8]
"""Pixels (H, W), each one of the gray levels below."""

# Gray levels that differ. Few, so that a line is a few stretches of one style each.
_GRAYS = 32


def levels_of(ink: npt.NDArray[np.floating]) -> Levels:
    """The nearest gray levels to `ink` in [0, 1]."""
    levels: Levels = np.clip(np.rint(ink * (_GRAYS - 1)), 0, _GRAYS - 1).astype(np.uint8)
    return levels


def changed_lines(before: Levels, now: Levels) -> set[int]:
    """The lines of cells in which two images of one size differ."""
    return {int(row) // 2 for row in np.flatnonzero((before != now).any(axis=1))}


def gray_line(levels: Levels, line: int) -> list[Segment]:
    """A line of cells as stretches of one style; the number of rows is even."""
    upper, lower = levels[2 * line : 2 * line + 2]
    codes = upper.astype(np.int64) * _GRAYS + lower
    begins = np.concatenate([[0], np.flatnonzero(np.diff(codes)) + 1])
    lengths = np.diff(np.append(begins, len(codes)))
    return [
        # Where both pixels are alike a blank will do, and leaves less for a screen reader.
        Segment((" " if code % (_GRAYS + 1) == 0 else "▀") * length, _style(code))
        for length, code in zip(lengths.tolist(), codes[begins].tolist(), strict=True)
    ]


@lru_cache(maxsize=_GRAYS * _GRAYS)
def _style(code: int) -> Style:
    above, below = (Color.from_rgb(*(round(255 * level / (_GRAYS - 1)),) * 3) for level in divmod(code, _GRAYS))
    return Style.from_color(above, below)
