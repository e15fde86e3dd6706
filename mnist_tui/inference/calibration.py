"""Whether a network is right as often as it says: reliability bins and the expected calibration error."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

BINS = 15


@dataclass(frozen=True)
class ReliabilityBin:
    """The images whose answer had a probability in (low, high]. Both means are 0 where there are none."""

    low: float
    high: float
    images: int
    confidence: float
    """Mean probability of the answers."""
    accuracy: float
    """The share of them that are right."""


@dataclass(frozen=True)
class Calibration:
    """`error` is the expected calibration error: the mean distance of confidence and accuracy, an image."""

    error: float
    confidence: float
    """Mean over all images."""
    bins: tuple[ReliabilityBin, ...]


def calibration(logits: Tensor, labels: Tensor, bins: int = BINS) -> Calibration:
    """Bins of equal width, as Guo et al. have them (On Calibration of Modern Neural Networks, 2017).

    logits: (N, C) float64, labels: (N,) int64.
    """
    confidence, predicted = torch.softmax(logits, 1).max(1)
    right = (predicted == labels).double()
    place = (confidence * bins).ceil().long().sub(1).clamp(0, bins - 1)
    images = torch.bincount(place, minlength=bins)
    confidences = torch.bincount(place, confidence, bins)
    rights = torch.bincount(place, right, bins)
    error = float((confidences - rights).abs().sum()) / len(labels)
    share = images.clamp(min=1)
    return Calibration(
        error,
        float(confidence.mean()),
        tuple(
            ReliabilityBin(number / bins, (number + 1) / bins, *values)
            for number, values in enumerate(
                zip(images.tolist(), (confidences / share).tolist(), (rights / share).tolist(), strict=True)
            )
        ),
    )
