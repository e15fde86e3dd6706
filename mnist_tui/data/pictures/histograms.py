"""Arrays of pixels, and what the histograms of their levels tell of paper and ink."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.uint8]
"""(H, W) of 0 and 1."""
Labels = npt.NDArray[Any]
"""(H, W) of whole numbers: 0 outside of a mask, else the number of the connected piece."""


def count_levels(layer: Bytes) -> npt.NDArray[np.float64]:
    """(256,): how many pixels have each level."""
    return cv2.calcHist([layer], [0], None, [256], [0, 256]).reshape(-1).astype(np.float64)


def estimate_paper(counts: npt.NDArray[np.float64]) -> tuple[float, float]:
    """The paper's level and its deviation, of 255."""
    paper = find_median(counts)
    return paper, max(1.4826 * find_median(_fold(counts, paper)), 0.7)


def find_percentile(values: Bytes, share: float) -> float:
    """The level that this share of the values do not exceed."""
    counts = np.bincount(values, minlength=256)
    return float(np.searchsorted(np.cumsum(counts), share * counts.sum()))


def find_median(counts: npt.NDArray[np.float64]) -> float:
    """The middle level of a histogram."""
    return float(np.searchsorted(np.cumsum(counts), counts.sum() / 2))


def _fold(counts: npt.NDArray[np.float64], middle: float) -> npt.NDArray[np.float64]:
    folded = np.zeros(256)
    np.add.at(folded, np.abs(np.arange(256) - round(middle)), counts)
    return folded


def find_threshold(counts: npt.NDArray[np.float64]) -> float:
    """The level that divides a histogram into two classes best (Otsu, 1979): the last one of the lower class."""
    levels = np.arange(len(counts))
    below, sums = np.cumsum(counts), np.cumsum(counts * levels)
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (sums[-1] * below / below[-1] - sums) ** 2 / (below * above)
    return float(np.argmax(np.where((below > 0) & (above > 0), between, -1)))
