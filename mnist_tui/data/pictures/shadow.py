"""Shadows of hands and fingers, which are as dark as ink, but broader, and lighter than what is written in them."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from mnist_tui.data.pictures.histograms import Bytes, Labels, Mask, find_median, find_percentile, find_threshold

# A finger's shadow is broader than this share of the picture, fills this share of its hull, is at most this many times
# longer than broad, and keeps this share of the light. Of the digits only a 1 fills its hull, and it is longer.
_BROAD, _FULL, _LONG, _LIT = 0.1, 0.85, 4.5, 0.33
# A finger's shadow among ink is lighter than this share of it, and broader than this share of the picture; ink is
# darker than the shadow by this share of what is left up to black.
_LIGHTER, _BROADER = 0.78, 0.05
DARKER = 0.15
"""By how much ink in a finger's shadow is darker than it."""
# A shadow that the border cuts off meets it over this share of its breadth; its levels differ by this share of what it
# differs from the paper, which is seen within this share of the picture's longer side.
_MEETING, _ALIKE, _AROUND = 0.5, 0.25, 0.08
# What the windows of the closing see of such a shadow has at least this share of the breadth.
_STROKE = 0.7
# A shadow is judged by at least this many pixels.
_LEAST_PIXELS = 60


def find_shade(gray: Bytes, layer: Bytes, mask: Mask) -> float:
    """How dark the shadow of a finger is, of 255: less than the ink, and broader than a pen; 0 without one."""
    core = cv2.erode(mask, np.ones((5, 5), np.uint8))
    counts = cv2.calcHist([layer], [0], core, [256], [0, 256]).reshape(-1).astype(np.float64)
    if counts.sum() < _LEAST_PIXELS:
        return 0.0
    between = find_threshold(counts)
    lighter, darker = counts[: int(between) + 1], counts[int(between) + 1 :]
    if min(lighter.sum(), darker.sum()) < 0.03 * counts.sum():
        return 0.0
    shade, ink = find_median(lighter), between + 1 + find_median(darker)
    if shade > _LIGHTER * ink:
        return 0.0
    shaded = ((core > 0) & (layer <= between)).astype(np.uint8)
    # Ink in the shadow of a whole hand may seem lighter than ink in the light, but it is darker than any shadow.
    if find_percentile(gray[shaded > 0], 0.5) < _LIT * find_percentile(gray[::4, ::4].ravel(), 0.98):
        return 0.0
    breadth = 2 * float(cv2.distanceTransform(shaded, cv2.DIST_L2, 3).max())
    return shade if breadth > _BROADER * max(layer.shape) else 0.0


def lift_shade(layer: Bytes, shade: float) -> Bytes:
    """A layer without a shadow of this darkness: ink is what is darker."""
    lifted = (layer.astype(np.float32) - np.float32(shade)) * np.float32(255 / (255 - shade))
    return lifted.clip(0, 255).astype(np.uint8)


def is_shadow(gray: Bytes, labels: Labels, stats: Any, number: int, narrow: Mask) -> bool:
    """Whether a broad dark piece touches the border, has no strokes, or is lighter than the strokes within it."""
    left, top, width, height, area = (int(value) for value in stats[:5])
    window = (slice(top, top + height), slice(left, left + width))
    own = labels[window] == number
    if area < 30:
        return False
    rim = np.zeros(gray.shape, bool)
    rim[0] = rim[-1] = True
    rim[:, 0] = rim[:, -1] = True
    touching = int(np.count_nonzero(own & rim[window]))
    if touching > 0.25 * np.sqrt(area):
        return True
    light = np.percentile(gray[window], 95)
    is_lit = np.median(gray[window][own]) > _LIT * light
    if is_lit and _is_stout(np.pad(own, 1).astype(np.uint8), area, _BROAD * max(gray.shape)):
        return True
    within = own & (narrow[window] > 0)
    rest = own & ~(cv2.dilate(narrow[window], np.ones((5, 5), np.uint8)) > 0)
    if np.count_nonzero(within) < 0.02 * area or np.count_nonzero(rest) < 0.25 * area:
        return False
    darkness = light - gray[window]
    return float(np.median(darkness[rest])) < 0.75 * float(np.median(darkness[within]))


def is_cut_off(gray: Bytes, own: Mask) -> bool:
    """Whether a broad piece, a mask as large as the picture, lies in a finger's shadow that the border cuts off.

    What is about as dark as the piece meets the border in its whole breadth, is broader than a pen, and no darker than
    a shadow. Windows of the closing miss parts of it.
    """
    least = _BROADER * max(own.shape)
    if np.count_nonzero(own) < least**2:
        return False
    left, top, width, height = cv2.boundingRect(own)
    piece = np.pad(own[top : top + height, left : left + width], 1)
    if 2 * float(cv2.distanceTransform(piece, cv2.DIST_L2, 3).max()) < _STROKE * least:
        return False
    level = float(np.median(gray[own > 0]))
    reach = round(_AROUND * max(own.shape))
    window = slice(max(0, top - reach), top + height + reach), slice(max(0, left - reach), left + width + reach)
    paper = float(np.percentile(gray[window], 95))
    if level < _LIT * paper:
        return False
    dark = (gray < level + _ALIKE * (paper - level)).astype(np.uint8)
    count, labels = cv2.connectedComponents(dark)
    shared = np.bincount(labels[own > 0], minlength=count)
    shared[0] = 0
    shade = (labels == int(shared.argmax())).astype(np.uint8)
    breadth = 2 * float(cv2.distanceTransform(np.pad(shade, 1), cv2.DIST_L2, 3).max())
    rim = max(int(side.sum()) for side in (shade[0], shade[-1], shade[:, 0], shade[:, -1]))
    return bool(shared.any()) and breadth > least and rim > _MEETING * breadth


def _is_stout(own: Mask, area: int, broad: float) -> bool:
    """Whether a piece is a broad lump rather than strokes."""
    breadth = 2 * float(cv2.distanceTransform(own, cv2.DIST_L2, 3).max())
    hull = cv2.contourArea(cv2.convexHull(np.argwhere(own).astype(np.int32)))
    return breadth > broad and area > _FULL * hull and area < _LONG * breadth**2
