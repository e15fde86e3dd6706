"""Evaluating a network from its logits on labeled images: accuracy, per-class scores, confusion, calibration."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from mnist_tui.inference.calibration import Calibration, compute_calibration
from mnist_tui.inference.prediction import ClassProbability, predictions_from_logits

# 95 % of a normal distribution are within this many standard deviations.
_NORMAL_95 = 1.959963984540054


@dataclass(frozen=True)
class ClassScore:
    """The scores of one class. A fraction 0 / 0 is 0, as in scikit-learn."""

    index: int
    name: str
    precision: float
    """Of the images predicted to be of this class, the fraction that are."""
    recall: float
    """Of the images of this class, the fraction predicted to be."""
    f1: float
    """The harmonic mean of precision and recall."""
    support: int
    """Images of this class."""


@dataclass(frozen=True)
class Mistake:
    """A misclassified image: its index in the split, its label, and the likeliest classes."""

    index: int
    truth: int
    top: tuple[ClassProbability, ...]
    truth_probability: float

    @property
    def predicted(self) -> int:
        return self.top[0].index

    @property
    def confidence(self) -> float:
        """The probability of the predicted class."""
        return self.top[0].probability


@dataclass(frozen=True)
class Evaluation:
    """The evaluation of a network on `images` images."""

    classes: tuple[str, ...]
    images: int
    correct: int
    loss: float
    """Mean cross-entropy per image."""
    interval: tuple[float, float]
    """95 % confidence interval of the accuracy, see `wilson_interval`."""
    per_class: tuple[ClassScore, ...]
    confusion: tuple[tuple[int, ...], ...]
    """[label][predicted class], in images."""
    calibration: Calibration
    mistakes: tuple[Mistake, ...]
    """The most confident first."""

    @property
    def accuracy(self) -> float:
        """As a fraction."""
        return self.correct / self.images

    def mistakes_in(self, truth: int, predicted: int) -> tuple[Mistake, ...]:
        """The mistakes in one cell of the confusion matrix."""
        return tuple(entry for entry in self.mistakes if (entry.truth, entry.predicted) == (truth, predicted))

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {"accuracy": self.accuracy, **dataclasses.asdict(self)}


def evaluate_logits(logits: Tensor, labels: Tensor, classes: Sequence[str]) -> Evaluation:
    """Evaluate a network. logits: (N, C) floating, labels: (N,) int64 below C, N at least 1, both on the CPU."""
    logits = logits.double()
    count = len(classes)
    predicted = logits.argmax(1)
    confusion = torch.bincount(labels * count + predicted, minlength=count * count).view(count, count)
    correct = int(confusion.diagonal().sum())
    return Evaluation(
        classes=tuple(classes),
        images=len(labels),
        correct=correct,
        loss=float(F.cross_entropy(logits, labels)),
        interval=wilson_interval(correct, len(labels)),
        per_class=_per_class(confusion, classes),
        confusion=tuple(map(tuple, confusion.tolist())),
        calibration=compute_calibration(logits, labels),
        mistakes=_mistakes(logits, labels, predicted, classes),
    )


def wilson_interval(correct: int, count: int) -> tuple[float, float]:
    """95 % confidence interval of a fraction (Wilson, 1927), which holds near 0 and 1 too."""
    share, z2 = correct / count, _NORMAL_95**2
    middle = share + z2 / (2 * count)
    half = _NORMAL_95 * math.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    scale = 1 + z2 / count
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


def _per_class(confusion: Tensor, classes: Sequence[str]) -> tuple[ClassScore, ...]:
    hits, support, predicted = confusion.diagonal(), confusion.sum(1), confusion.sum(0)
    precision, recall, f1 = (
        (share / whole.clamp(min=1)).tolist()
        for share, whole in (
            (hits.double(), predicted),
            (hits.double(), support),
            (2 * hits.double(), predicted + support),
        )
    )
    return tuple(
        ClassScore(index, name, precision[index], recall[index], f1[index], int(support[index]))
        for index, name in enumerate(classes)
    )


def _mistakes(logits: Tensor, labels: Tensor, predicted: Tensor, classes: Sequence[str]) -> tuple[Mistake, ...]:
    wrong = (predicted != labels).nonzero().flatten()
    truths = labels[wrong].tolist()
    mistakes = [
        Mistake(index, truth, prediction.top, prediction.probabilities[truth])
        for index, truth, prediction in zip(
            wrong.tolist(), truths, predictions_from_logits(logits[wrong], classes), strict=True
        )
    ]
    return tuple(sorted(mistakes, key=lambda mistake: (-mistake.confidence, mistake.index)))
