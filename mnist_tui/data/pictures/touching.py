"""Where two digits touch: the line between them that cuts the least ink, or a straight stroke at one side, a 1."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

import cv2
import numpy as np
import numpy.typing as npt

from mnist_tui.data.pictures.histograms import Mask
from mnist_tui.data.pictures.mnist_format import measure_stroke_width
from mnist_tui.data.pictures.side_stroke import SideStroke, find_side_stroke

# A line between two digits crosses little more than the place where they meet. What is cut may be this share of the
# height where the whole is so many times as wide as high: of the wider, more must be two. Of MNIST's own digits
# one in a hundred can be cut so.
_MOST_CUT = ((1.35, 0.55), (1.1, 0.5), (0.0, 0.2))
# Far from the middle such a line, and a slanted one, counts as if it cut so much more of the height.
_ASIDE = 0.3
# On both sides of it something is nearly as high as the whole: the arm of an open 4 is not.
_LEAST_HEIGHT = 0.8
# What is no wider than an open 0 could be two only where they touch no further from the middle than this share of the
# height.
_NARROW, _MIDDLE = 1.1, 0.2
# What looks like two digits that touch is two if it is so many times as wide as high, or if its strokes are so many
# times as long as it is high: those of a thousand digits are at most 3.4 times as long.
_TWO, _LONG = 1.45, 3.5
# With strokes that are so many times as long, it is two wherever they touch.
_LONGER = 4.2
# Columns that a line may go to the side per row.
_SLOPES = (0.0, -0.15, 0.15, -0.3, 0.3)
# Seams are looked for in so many rows, lengths in more. A pixel is inked from so many of 255 parts, as a thin line
# has little more; for an exact outline, from this share of the most.
_ROWS, _FINE_ROWS, _INKED, _HALF = 80, 160, 20, 0.4


class DigitCount(Enum):
    """How many digits a piece of ink is."""

    ONE = auto()
    EITHER = auto()
    TWO = auto()


@dataclass(frozen=True, eq=False)
class Seam:
    """The line between what could be two digits."""

    right: npt.NDArray[np.bool_]
    """(H, W): what is right of it."""
    digit_count: DigitCount


def find_seam(own: Mask) -> Seam:
    """Whether a mask of one piece is one digit or two that touch, and where it would have to be divided."""
    scale = min(1.0, _ROWS / own.shape[0])
    reduced = _reduce(own, scale)
    pen, length = _measure_strokes(own)
    seam = _find_least_cut(own, reduced, scale, length)
    if seam.digit_count is DigitCount.TWO:
        return seam
    stroke = find_side_stroke(reduced > _HALF * reduced.max(), scale * pen)
    if stroke is None or not (stroke.is_certain or seam.digit_count is DigitCount.ONE):
        return seam
    count = DigitCount.TWO if stroke.is_certain else DigitCount.EITHER
    return Seam(_select_right(own, stroke, scale), count)


def _select_right(own: Mask, stroke: SideStroke, scale: float) -> npt.NDArray[np.bool_]:
    """(H, W): what is right of the line between a stroke at one side and the rest."""
    rows, columns = np.ogrid[: own.shape[0], : own.shape[1]]
    if stroke.is_mirrored:
        return np.asarray(scale * (own.shape[1] - 1 - columns + stroke.slope * rows) <= stroke.column)
    return np.asarray(scale * (columns + stroke.slope * rows) > stroke.column)


def _find_least_cut(own: Mask, reduced: Mask, scale: float, length: float) -> Seam:
    """By a line that cuts little ink, and the length of the strokes in pixels."""
    height, width = own.shape
    # A line of one pixel that is slanted has no gaps then.
    small = np.asarray(cv2.dilate(reduced, np.ones((2, 2), np.uint8)), np.uint8)
    is_narrow = width < _NARROW * height
    _, cut, place, slope = min(_find_best_seam(small, slope, is_narrow) for slope in _SLOPES)
    share = cut / small.shape[0]
    rows, columns = np.ogrid[:height, :width]
    right: npt.NDArray[np.bool_] = scale * (columns + slope * rows) > place
    if not (right & (own > 0)).any() or (right | (own == 0)).all():
        right = np.broadcast_to(columns > width / 2, own.shape)
    return Seam(right, _judge_count(width / height, length / height, share))


def _judge_count(breadth: float, length: float, cut: float) -> DigitCount:
    """By the width, the length of the strokes and the height of what the seam cuts, all in heights of the whole."""
    is_cut = cut <= next(most for least, most in _MOST_CUT if breadth >= least)
    if length > _LONGER or (is_cut and (breadth >= _TWO or length > _LONG)):
        return DigitCount.TWO
    return DigitCount.EITHER if is_cut or length > _LONG else DigitCount.ONE


def _measure_strokes(own: Mask) -> tuple[float, float]:
    """The breadth and the length of a piece's strokes in pixels."""
    scale = min(1.0, _FINE_ROWS / own.shape[0])
    padded = cv2.copyMakeBorder(_reduce(own, scale), 2, 2, 2, 2, cv2.BORDER_CONSTANT, value=0)
    soft = np.asarray(cv2.GaussianBlur(padded, (0, 0), 0.8), np.float32) / np.float32(255)
    breadth = measure_stroke_width(soft)
    return breadth / scale, float(soft.sum() / breadth / scale)


def _reduce(own: Mask, scale: float) -> Mask:
    """(H, W) of 0 to 255."""
    size = (max(1, round(scale * own.shape[1])), max(1, round(scale * own.shape[0])))
    return np.asarray(cv2.resize(255 * own, size, interpolation=cv2.INTER_AREA), np.uint8)


def _find_best_seam(small: Mask, slope: float, is_narrow: bool) -> tuple[float, float, float, float]:
    """Of the best line of this slope: its cost, how high the ink is that it cuts, where it begins, and the slope."""
    height, width = small.shape
    spare = round(abs(slope) * height)
    shift = spare if slope < 0 else 0
    shear = np.array([[1, slope, shift], [0, 1, 0]], np.float64)
    upright = cv2.warpAffine(small, shear, (width + spare, height), flags=cv2.INTER_NEAREST) > _INKED
    inked = upright.any(axis=0)
    tops = np.where(inked, upright.argmax(axis=0), height)
    bottoms = np.where(inked, height - upright[::-1].argmax(axis=0), 0)
    heights = np.minimum(_measure_heights(tops, bottoms), _measure_heights(tops[::-1], bottoms[::-1])[::-1])
    is_inner = np.abs(tops + bottoms - height) < 2 * _MIDDLE * height
    cuts = np.where(
        (heights >= _LEAST_HEIGHT * height) & (is_inner | (not is_narrow)),
        np.maximum(bottoms - tops, 0),
        np.inf,
    )
    # An open 0 has a gap as well, but in a number of two digits it is further from the middle than where they touch.
    aside = np.abs(2 * np.arange(len(cuts)) / len(cuts) - 1) + abs(slope) / 4
    costs = cuts + _ASIDE * height * aside
    place = int(costs.argmin())
    return float(costs[place]), float(cuts[place]), place - shift, slope


def _measure_heights(tops: npt.NDArray[np.intp], bottoms: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Of what is in each column and left of it."""
    return np.maximum.accumulate(bottoms) - np.minimum.accumulate(tops)
