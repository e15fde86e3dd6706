"""Calibration: whether predictions are right as often as their probabilities say."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

BINS = 15


@dataclass(frozen=True)
class ReliabilityBin:
    """The images whose predicted class had a probability in (low, high]. Both means are 0 if there are none."""

    low: float
    high: float
    images: int
    confidence: float
    """Mean probability of the predicted classes."""
    accuracy: float
    """The fraction of correct predictions."""


@dataclass(frozen=True)
class Calibration:
    """`error` is the expected calibration error: the mean difference of confidence and accuracy per image."""

    error: float
    confidence: float
    """Mean over all images."""
    bins: tuple[ReliabilityBin, ...]


def compute_calibration(logits: Tensor, labels: Tensor, bins: int = BINS) -> Calibration:
    """With bins of equal width, as in Guo et al., "On Calibration of Modern Neural Networks" (2017).

    logits: (N, C) float64, labels: (N,) int64.
    """
    confidence, predicted = torch.softmax(logits, 1).max(1)
    is_correct = (predicted == labels).double()
    index = (confidence * bins).ceil().long().sub(1).clamp(0, bins - 1)
    images = torch.bincount(index, minlength=bins)
    confidences = torch.bincount(index, confidence, bins)
    corrects = torch.bincount(index, is_correct, bins)
    error = float((confidences - corrects).abs().sum()) / len(labels)
    count = images.clamp(min=1)
    return Calibration(
        error,
        float(confidence.mean()),
        tuple(
            ReliabilityBin(number / bins, (number + 1) / bins, *values)
            for number, values in enumerate(
                zip(images.tolist(), (confidences / count).tolist(), (corrects / count).tolist(), strict=True)
            )
        ),
    )
