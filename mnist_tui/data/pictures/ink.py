"""The amount of ink at each pixel of a sheet, separated from paper, light, shadow and noise, in any colors.

A morphological closing of a picture with dark ink estimates the paper: it fills what is narrower than its window and
keeps every edge of what is wider, so the edge of a shadow or of a table leaves no trace, however sharp.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from mnist_tui.data.pictures.histograms import (
    Bytes,
    Floats,
    Labels,
    Mask,
    count_levels,
    estimate_paper,
    find_percentile,
    find_threshold,
)
from mnist_tui.data.pictures.shadow import DARKER, find_shade, is_shadow, lift_shade

# Windows of the closing, as shares of the longer side: a pen, a broad marker, a digit enlarged to fill the picture.
_WINDOWS = (0.08, 0.18, 0.42)
# Ink is darker than paper by this share of its brightness, and by this many standard deviations of the noise.
_LEAST_CONTRAST, _LEAST_SIGNAL = 0.05, 4.5
# The darker half of the ink must exceed a higher threshold, or there is no ink.
_SURE_CONTRAST, _SURE_SIGNAL = 0.125, 9.0
# A stroke along a rule is this many times darker than it.
_STROKE = 1.2
# Ink is searched for in shadows that keep at least this share of the light.
_DARKEST = 0.55
# A narrow window detects all of a stroke, but only the ends of a broad one.
_COVERED = 0.9
# Or it sees the middle of one so many times fainter than a broader window does, in this share of a piece.
_WEAKER, _MOST_WEAK = 1.5, 0.02
# A broad piece is a shadow if it is fainter than this share of the pens' ink, given enough pixels of that.
_FAINT, _SOME = 0.75, 60
# Lines of one or two pixels keep less than this share of their ink when a pixel is taken off on each side.
_THIN = 0.05


@dataclass(frozen=True)
class Ink:
    """The ink on a sheet."""

    amount: Floats
    """(H, W) from 0, paper, to about 1, full ink."""
    mask: Mask
    """(H, W): True for ink, False for paper."""
    contrast: float
    """How much darker ink is, as a share of the paper's brightness."""
    noise: float
    """The standard deviation of the paper, in the same unit."""
    gray: Bytes
    """(H, W): the sheet it was found on, ink dark and paper light."""


@dataclass(frozen=True, eq=False)
class Narrow:
    """What is narrow on a sheet and differs from its paper, however little: ink, rules, noise."""

    mask: Mask
    layer: Bytes
    """(H, W): by how much each pixel is darker than the paper, of 255."""
    paper: Bytes
    """(H, W): the sheet without it."""


def find_narrow(gray: Bytes) -> Narrow:
    """Of a sheet, dark on light."""
    paper = _close(gray, _WINDOWS[0])
    layer = _subtract_paper(gray, paper)
    level, noise = estimate_paper(count_levels(layer))
    mask = _apply_threshold(layer, max(_LEAST_CONTRAST * 255, level + _LEAST_SIGNAL * noise))
    return Narrow(mask, layer, paper)


def exclude_strokes(narrow: Narrow, lines: Mask, like: Mask) -> Mask:
    """Of lines, what is not so much darker than those of `like` usually are that it is a stroke along them."""
    if not lines.any():
        return lines
    usual = find_percentile(narrow.layer[like > 0], 0.75)
    darker = _apply_threshold(narrow.layer, _STROKE * usual + 8)
    broad = cv2.morphologyEx(darker, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    return np.asarray(cv2.subtract(lines, cv2.dilate(broad, np.ones((3, 3), np.uint8))), np.uint8)


def erase_pixels(gray: Bytes, erase: Mask, narrow: Narrow) -> Bytes:
    """The sheet with paper in place of the erased pixels and of the blur around them, except that of other ink."""
    if not erase.any():
        return gray
    around = cv2.dilate(erase, np.ones((5, 5), np.uint8))
    other = cv2.subtract(narrow.mask, erase)
    return np.where(cv2.subtract(around, other) > 0, narrow.paper, gray).astype(np.uint8)


def find_ink(gray: Bytes) -> Ink | None:
    """The ink of a sheet, dark on light; None if there is none."""
    layers = [_make_layer(gray, window) for window in _WINDOWS]
    masks: list[Mask] = []
    noise = 0.0
    for layer in layers:
        threshold, deviation = _choose_threshold(layer)
        masks.append(_apply_threshold(layer, threshold))
        noise = max(noise, deviation)
    masks[0] = _fill_gaps(layers[0], masks[0])
    for number in range(1, len(layers)):
        shade = find_shade(gray, layers[number], masks[number])
        if shade:
            layers[number] = lift_shade(layers[number], shade)
            masks[number] = _apply_threshold(layers[number], DARKER * 255)
            masks[0] &= masks[number]
    mask, amount = _combine_windows(gray, layers, masks)
    if not mask.any():
        return None
    contrast = find_percentile(amount[mask > 0], 0.75)
    if contrast < max(255 * _SURE_CONTRAST, _SURE_SIGNAL * noise):
        return None
    low = min(max(2.5 * noise, 0.08 * contrast), 0.4 * contrast)
    scaled = (amount.astype(np.float32) - np.float32(low)) / np.float32(0.92 * contrast - low)
    return Ink(scaled.clip(0, 1).astype(np.float32), mask, contrast / 255, noise / 255, gray)


def _make_layer(gray: Bytes, window: float) -> Bytes:
    """The ink that a window detects; a broad one sees the paper at a lower resolution."""
    if window == _WINDOWS[0] or max(gray.shape) < 300:
        return _subtract_paper(gray, _close(gray, window))
    height, width = gray.shape
    small = cv2.resize(gray, (max(1, width // 2), max(1, height // 2)), interpolation=cv2.INTER_AREA)
    paper = cv2.resize(_close(np.asarray(small, np.uint8), window), (width, height), interpolation=cv2.INTER_LINEAR)
    return _subtract_paper(gray, np.asarray(paper, np.uint8))


def _close(gray: Bytes, window: float) -> Bytes:
    """(H, W): the paper without what is narrower than the window."""
    side = max(3, round(window * max(gray.shape)) | 1)
    reach = side // 2 + 1
    padded = cv2.copyMakeBorder(gray, reach, reach, reach, reach, cv2.BORDER_REPLICATE)
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (side, side))
    return np.asarray(cv2.morphologyEx(padded, cv2.MORPH_CLOSE, kernel), np.uint8)[reach:-reach, reach:-reach]


def _subtract_paper(gray: Bytes, paper: Bytes) -> Bytes:
    """(H, W): by how many of 255 parts of the paper's brightness each pixel is darker than the paper around it."""
    # In the dark, where noise is as strong as ink, ink counts less.
    darkest = int(max(32.0, _DARKEST * find_percentile(paper[::4, ::4].ravel(), 0.98)))
    return np.asarray(cv2.divide(cv2.subtract(paper, gray), np.maximum(paper, np.uint8(darkest)), scale=255), np.uint8)


def _apply_threshold(layer: Bytes, threshold: float) -> Mask:
    return np.asarray(cv2.threshold(layer, threshold, 1, cv2.THRESH_BINARY)[1], np.uint8)


def _choose_threshold(layer: Bytes) -> tuple[float, float]:
    """The threshold between paper and ink, 255 without ink, and the paper's standard deviation."""
    counts = count_levels(layer)
    paper, noise = estimate_paper(counts)
    floor = max(_LEAST_CONTRAST * 255, paper + _LEAST_SIGNAL * noise)
    # Square roots of the counts, so that a few strokes on a large sheet have enough weight.
    threshold = max(floor, find_threshold(np.sqrt(counts)))
    return (threshold if counts[int(threshold) + 1 :].sum() >= 3 else 255.0), noise


def _fill_gaps(layer: Bytes, mask: Mask) -> Mask:
    """With what is half as dark and next to it: where a thin line lies on two pixels, neither is as dark as it is.

    Broader strokes have no such gaps, and would only become broader.
    """
    if cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8)).sum() > _THIN * mask.sum():
        return mask
    threshold, _ = _choose_threshold(layer)
    paper, noise = estimate_paper(count_levels(layer))
    weak = _apply_threshold(layer, max(0.5 * threshold, paper + 2 * _LEAST_SIGNAL * noise))
    beside = np.asarray(cv2.dilate(mask, np.ones((3, 3), np.uint8)), np.uint8)
    return mask | (weak & beside)


def find_components(mask: Mask) -> tuple[int, Labels, Labels]:
    """Of the connected pieces of a mask: the number, with the rest of it; (H, W) labels; (count, 5) statistics."""
    # Narrow numbers take a third of the time. There are enough, and some to spare, for so few pixels.
    kind = cv2.CV_16U if cv2.countNonZero(mask) < 2**16 - 1000 else cv2.CV_32S
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8, ltype=kind)
    return count, labels, stats


def _combine_windows(gray: Bytes, layers: list[Bytes], masks: list[Mask]) -> tuple[Mask, Bytes]:
    """For each connected piece, the result of the narrowest window that covers it; for a shadow, the ink within it."""
    narrow, narrow_amount = masks[0], layers[0]
    for mask, layer in zip(masks[1:], layers[1:], strict=True):
        stronger = cv2.convertScaleAbs(narrow_amount, alpha=_WEAKER, beta=25)
        weak = (narrow & mask & (layer > stronger)).astype(np.uint8)
        more = cv2.morphologyEx((mask & ~narrow) | weak, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        if not more.any():  # except for the rims of strokes, a broader window detects the same
            continue
        count, labels, stats = find_components(mask | narrow)
        if count <= 1:
            continue
        seen = np.bincount(labels[narrow > 0], minlength=count)
        areas = stats[:, cv2.CC_STAT_AREA]
        thick = (seen < _COVERED * areas) | (_count_parts(labels, narrow, areas) > 1)
        thick |= np.bincount(labels[(more > 0) & (weak > 0)], minlength=count) > _MOST_WEAK * areas
        thick[0] = False
        dark = find_percentile(narrow_amount[narrow > 0], 0.75) if np.count_nonzero(narrow) > _SOME else 0.0
        for number in np.flatnonzero(thick):
            if _measure_darkness(layer, labels, stats[number], int(number)) < _FAINT * dark or is_shadow(
                gray, labels, stats[number], int(number), narrow
            ):
                thick[number] = False
        if not thick.any():
            continue
        taken = thick[labels]
        narrow = np.where(taken, 1, narrow).astype(np.uint8)
        near = cv2.dilate(taken.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        narrow_amount = np.where(near, np.maximum(layer, narrow_amount), narrow_amount)
    return narrow, narrow_amount


def _count_parts(labels: Labels, narrow: Mask, areas: Labels) -> npt.NDArray[np.intp]:
    """The number of parts that a narrow window finds in each piece: to it, a broad junction looks like a gap."""
    count, parts, stats = find_components(narrow)
    whole = np.zeros(count, np.intp)
    inked = parts > 0
    whole[parts[inked]] = labels[inked]
    large = stats[:, cv2.CC_STAT_AREA] > 0.03 * areas[whole]
    large[0] = False
    return np.bincount(whole[large], minlength=len(areas))


def _measure_darkness(layer: Bytes, labels: Labels, stats: Any, number: int) -> float:
    left, top, width, height = (int(value) for value in stats[:4])
    window = (slice(top, top + height), slice(left, left + width))
    return find_percentile(layer[window][labels[window] == number], 0.75)
