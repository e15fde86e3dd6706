"""Where two digits touch: the line between them, upright or slanted, that cuts the least ink."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from mnist_tui.data.pictures.ink import Mask

# A line between two digits crosses little more than the place where they meet. What is cut may be this share of the
# height where the whole is so many times as wide as high: of the wider, more must be two. Of MNIST's own digits
# two in a hundred can be cut so.
_MOST_CUT = ((1.35, 0.55), (1.1, 0.5), (0.0, 0.2))
# On both sides of it something is nearly as high as the whole: the arm of an open 4 is not.
_LEAST_HEIGHT = 0.8
# Columns that a line may go to the side per row.
_SLOPES = (0.0, -0.15, 0.15, -0.3, 0.3)
# Looked at in so many rows; a pixel is inked from so many of 255 parts, as the thinnest line has little more.
_ROWS, _INKED = 80, 20


def right_of_seam(own: Mask) -> npt.NDArray[np.bool_] | None:
    """(H, W): what is right of the line between two digits in a mask of one piece; None where it is one digit."""
    height, width = own.shape
    scale = min(1.0, _ROWS / height)
    size = (max(1, round(scale * width)), max(1, round(scale * height)))
    reduced = np.asarray(cv2.resize(255 * own, size, interpolation=cv2.INTER_AREA), np.uint8)
    # A line of one pixel that is slanted has no gaps then.
    small = np.asarray(cv2.dilate(reduced, np.ones((2, 2), np.uint8)), np.uint8)
    cut, place, slope = min(_seam(small, slope) for slope in _SLOPES)
    most = next(share for least, share in _MOST_CUT if width >= least * height)
    if cut > most * size[1]:
        return None
    rows, columns = np.ogrid[:height, :width]
    right: npt.NDArray[np.bool_] = scale * (columns + slope * rows) > place
    return right


def _seam(small: Mask, slope: float) -> tuple[float, float, float]:
    """How high the ink is that the best line of this slope cuts, where that line begins, and the slope."""
    height, width = small.shape
    spare = round(abs(slope) * height)
    shift = spare if slope < 0 else 0
    shear = np.array([[1, slope, shift], [0, 1, 0]], np.float64)
    upright = cv2.warpAffine(small, shear, (width + spare, height), flags=cv2.INTER_NEAREST) > _INKED
    inked = upright.any(axis=0)
    tops = np.where(inked, upright.argmax(axis=0), height)
    bottoms = np.where(inked, height - upright[::-1].argmax(axis=0), 0)
    heights = np.minimum(_heights(tops, bottoms), _heights(tops[::-1], bottoms[::-1])[::-1])
    cuts = np.where(heights >= _LEAST_HEIGHT * height, np.maximum(bottoms - tops, 0), np.inf)
    place = int(cuts.argmin())
    return float(cuts[place]), place - shift, slope


def _heights(tops: npt.NDArray[np.intp], bottoms: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Of what is in each column and left of it."""
    return np.maximum.accumulate(bottoms) - np.minimum.accumulate(tops)
