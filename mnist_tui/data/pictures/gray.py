"""A sheet's gray levels: its ink dark, its paper light, in any colors."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from mnist_tui.data.pictures.histograms import Bytes, count_levels, find_median, find_percentile

_COARSE = 200
# A border narrower than this share of the longer side says nothing of paper and ink.
_RIM = 0.03
# A shadow differs from noise by at least this many gray levels.
_SHADED = 40
# What is narrower than this share of the sheet and darker than the paper by this share is ink. It is colored if one
# channel shows less than a share of what another does, in nearly all of its pixels.
_NARROW, _INKED, _COLORED, _NEARLY_ALL = 0.05, 0.3, 0.68, 0.92
# Fewer pixels of a coarse picture say nothing, and ink does not cover so large a share of a sheet.
_LEAST_INK, _MOST_INK = 20, 0.25
# What has this share of the paper's ratio of two channels is paper, enclosed by broad and lighter ink.
_ALIKE = 0.85
# The light is uneven where its darkest parts have less than this share of the brightest.
_UNEVEN = 0.75


def make_dark_on_light(sheet: Bytes) -> Bytes:
    """(H, W) of a sheet, gray or color: its ink dark, its paper light, its noise smoothed."""
    coarse = coarsen(sheet)
    shadowless = _remove_shadows(sheet, coarse) if sheet.ndim == 3 else None
    if shadowless is not None:
        return _smooth(shadowless)
    axis = _find_ink_axis(coarse)
    gray = _smooth(_project(sheet, axis))
    is_inverted = is_light_on_dark(gray)
    if is_inverted:
        gray = np.asarray(cv2.bitwise_not(gray), np.uint8)
    # For light ink on dark paper, or colors of similar brightness, the paper's darkness does not indicate the light.
    if is_inverted or axis.min() < 0:
        brighter = gray + (255 - find_percentile(gray[::4, ::4].ravel(), 0.98))
        return brighter.clip(0, 255).astype(np.uint8)
    return gray


def _remove_shadows(sheet: Bytes, coarse: Bytes) -> Bytes | None:
    """(H, W): a sheet in uneven light whose ink is colored, as the ratio of two channels; None for any other.

    A shadow darkens all channels alike. Colored ink hardly changes one of them, which therefore shows the light.
    """
    side = _kernel_size(_NARROW * max(coarse.shape))
    light = cv2.morphologyEx(coarse, cv2.MORPH_CLOSE, np.ones(side, np.uint8))
    ink = 255 - np.asarray(cv2.divide(coarse, light, scale=255), np.uint8)
    inked = ink.max(axis=2) > _INKED * 255
    if not _LEAST_INK <= np.count_nonzero(inked) <= _MOST_INK * inked.size:
        return None
    means = ink[inked].mean(axis=0)
    dark, bright = int(means.argmax()), int(means.argmin())
    low, high = np.percentile(light[:, :, bright], (1, 95))
    tone = coarse[:, :, dark] / np.maximum(coarse[:, :, bright], 1.0)
    if float(tone[inked].mean()) > _ALIKE * float(np.median(tone)):
        return None
    is_colored = ink[inked][:, bright] < _COLORED * ink[inked][:, dark]
    if low > _UNEVEN * high or is_colored.mean() < _NEARLY_ALL:
        return None
    scale = 0.9 * 255 * float(np.median(light[:, :, bright] / np.maximum(light[:, :, dark], 1.0)))
    return np.asarray(cv2.divide(sheet[:, :, dark], sheet[:, :, bright], scale=scale), np.uint8)


def _find_ink_axis(coarse: Bytes) -> npt.NDArray[np.float64]:
    """The direction from the paper's color to the ink's, in which colors differ most, as shares of the channels."""
    if coarse.ndim == 2:
        return np.ones(1)
    colors = coarse.astype(np.float64)
    apart = (colors - cv2.blur(colors, _kernel_size(0.2 * max(coarse.shape)))).reshape(-1, 3)
    apart *= np.square(apart).sum(axis=1, keepdims=True) ** 0.5
    axis = np.linalg.eigh(apart.T @ apart)[1][:, -1]
    axis *= (np.sign(axis.sum()) or 1.0) / np.abs(axis).sum()
    axis[np.abs(axis) < 0.05] = 0
    return np.asarray(axis / np.abs(axis).sum())


def _project(sheet: Bytes, axis: npt.NDArray[np.float64]) -> Bytes:
    """(H, W), from 0 to 255."""
    if sheet.ndim == 2:
        return sheet
    offset = -255 * axis[axis < 0].sum()
    return np.asarray(cv2.transform(sheet, np.array([[*axis, offset]])), np.uint8)


def is_light_on_dark(gray: Bytes) -> bool:
    """Ink is the rarer of the two: what differs from its surroundings does so to its side, and most does not."""
    coarse = _trim(coarsen(gray)).astype(np.float32)
    apart = coarse - cv2.blur(coarse, _kernel_size(0.3 * max(coarse.shape)), borderType=cv2.BORDER_REPLICATE)
    # Light between the shadows of fingers is as narrow as a stroke, but then the share of dark pixels reveals it.
    low, middle, high = np.percentile(coarse, (5, 50, 95))
    is_shaded = high - low > _SHADED and middle > (low + high) / 2
    return float((apart**3).sum()) > 0 and not is_shaded


def _trim(coarse: Bytes) -> Bytes:
    """Without the rim, where a scan's black border or a strip of the table may be: paper beside it seems light."""
    rim = round(_RIM * max(coarse.shape))
    return coarse[rim:-rim, rim:-rim] if 0 < rim < min(coarse.shape) // 4 else coarse


def coarsen(picture: Bytes, side: int = _COARSE) -> Bytes:
    """The picture with its longer side at most `side`, every pixel a mean."""
    scale = side / max(picture.shape[:2])
    if scale >= 1:
        return picture
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    # A reduction by less than two is done by a blur and four neighbors, in a third of the time of means.
    soft = cv2.GaussianBlur(_halve(picture, side), (3, 3), 0.5)
    return np.asarray(cv2.resize(soft, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def _halve(picture: Bytes, side: int) -> Bytes:
    """Less than twice `side` long: means of two by two pixels take a fraction of the time of others."""
    while max(picture.shape[:2]) >= 2 * side and min(picture.shape[:2]) >= 4:
        height, width = picture.shape[0] // 2, picture.shape[1] // 2
        even = picture[: 2 * height, : 2 * width]
        picture = np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    return picture


def _smooth(gray: Bytes) -> Bytes:
    """Blurred according to its noise."""
    noise = _estimate_noise(gray)
    if noise < 2:
        return gray
    sigma = min(0.6 + 0.1 * noise, 2.5) * min(1.0, max(gray.shape) / 500)
    return np.asarray(cv2.GaussianBlur(gray, (0, 0), max(sigma, 0.4)), np.uint8)


def _estimate_noise(gray: Bytes) -> float:
    """Standard deviation of the noise (Immerkær, 1996), by a median, which strokes hardly affect."""
    if min(gray.shape) < 3:
        return 0.0
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    rough = np.asarray(cv2.convertScaleAbs(cv2.filter2D(gray, cv2.CV_16S, kernel)), np.uint8)
    return 1.4826 * find_median(count_levels(rough)) / 6


def _kernel_size(size: float) -> tuple[int, int]:
    side = max(3, round(size) | 1)
    return side, side
