"""A 1 at the left or right side of another digit that it touches: a straight stroke as high as the whole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# A stroke is looked for with these slopes, in columns per row.
_SLOPES = np.linspace(-0.45, 0.45, 19)
# Its outer edge is a straight line, from which it differs by at most this share of the height.
_STRAIGHT = 0.03
# The stroke is so many times as broad as the pen, and so much of the height broader.
_PEN, _SPARE = 1.3, 0.02
# Nothing is further out by more than this share of the height: the bar of a 4 crosses its stem.
_BEYOND = 0.06
# Such an edge covers this share of the rows; with less, down to the second, the piece could be one digit. Of two
# thousand of MNIST's digits none has the first, and one in two hundred the second.
_TWO, _EITHER = 0.87, 0.8
# The rest is about as high as the whole, which the loop of a 9 and the arm of a 4 are not, and so is the stroke. The
# rest is more than the ragged side of a broad 1, in strokes as long as the whole is high.
_LEAST_REST, _LEAST_STROKE, _LEAST_INK = (0.75, 0.65), 0.75, 0.75
# They touch in at most this share of the rows: a 1 that was drawn twice is one.
_MOST_TOUCHING = 0.65

Inked = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class SideStroke:
    """Where a straight stroke at the right side begins, on mirrored ink at the left: at `column` - `slope` · row."""

    column: float
    slope: float
    is_mirrored: bool
    is_certain: bool
    """Whether it is surely a digit of its own."""


def find_side_stroke(inked: Inked, pen: float) -> SideStroke | None:
    """The straight stroke at one side of ink (H, W), drawn with a pen so many pixels broad; None without one."""
    if not inked.any():
        return None
    found = [
        stroke
        for is_mirrored in (False, True)
        if (stroke := _find_at_right(inked[:, ::-1] if is_mirrored else inked, pen, is_mirrored)) is not None
    ]
    return max(found, key=lambda stroke: stroke.is_certain, default=None)


def _find_at_right(inked: Inked, pen: float, is_mirrored: bool) -> SideStroke | None:
    height, width = inked.shape
    rows = np.flatnonzero(inked.any(axis=1))
    ends = width - 1 - inked[rows, ::-1].argmax(axis=1)
    sheared = ends + _SLOPES[:, None] * rows
    edges = np.percentile(sheared, 92, axis=1)
    shares = np.mean(np.abs(sheared - edges[:, None]) <= _STRAIGHT * height, axis=1)
    best = int(shares.argmax())
    column, slope = float(edges[best]) - _PEN * pen - _SPARE * height, float(_SLOPES[best])
    places = np.arange(width) + slope * np.arange(height)[:, None]
    rest, stroke = inked & (places <= column), inked & (places > column)
    touching = float(np.mean((inked & (np.abs(places - column) < 0.5)).any(axis=1)))
    is_other = (
        _measure_height(stroke) >= _LEAST_STROKE * height
        and touching <= _MOST_TOUCHING
        and sheared[best].max() <= edges[best] + _BEYOND * height
        and np.count_nonzero(rest) > _LEAST_INK * pen * height
    )
    for least, least_rest, is_certain in zip((_TWO, _EITHER), _LEAST_REST, (True, False), strict=True):
        if is_other and shares[best] >= least and _measure_height(rest) >= least_rest * height:
            return SideStroke(column, slope, is_mirrored, is_certain)
    return None


def _measure_height(inked: Inked) -> int:
    """From the first row with ink to the last."""
    rows = np.flatnonzero(inked.any(axis=1))
    return int(rows[-1] - rows[0]) + 1 if len(rows) else 0
