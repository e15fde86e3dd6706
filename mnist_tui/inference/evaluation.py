"""All that can be said of a network from its logits on labelled images: a pure function of the two."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from mnist_tui.inference.calibration import Calibration, calibration
from mnist_tui.inference.prediction import ClassProbability, predictions_from_logits

_NORMAL_95 = 1.959963984540054
"""95 % of a normal distribution lie within so many standard deviations."""


@dataclass(frozen=True)
class ClassScore:
    """One class. A figure that would be 0 / 0 is 0, as in scikit-learn."""

    index: int
    name: str
    precision: float
    """Of the images called this, the share that are."""
    recall: float
    """Of the images that are this, the share called so."""
    f1: float
    """The harmonic mean of the two."""
    support: int
    """Images that are this."""


@dataclass(frozen=True)
class Mistake:
    """An image the network got wrong: its place in the split, what it is, and what the network thought."""

    index: int
    truth: int
    top: tuple[ClassProbability, ...]
    truth_probability: float

    @property
    def answer(self) -> int:
        """The class the network took it for."""
        return self.top[0].index

    @property
    def confidence(self) -> float:
        """How sure it was of that."""
        return self.top[0].probability


@dataclass(frozen=True)
class Evaluation:
    """How a network does on `images` images."""

    classes: tuple[str, ...]
    images: int
    correct: int
    loss: float
    """Mean cross-entropy an image."""
    interval: tuple[float, float]
    """95 % of the accuracy: where the accuracy on all images of this kind may well lie."""
    per_class: tuple[ClassScore, ...]
    confusion: tuple[tuple[int, ...], ...]
    """[truth][answer], in images."""
    calibration: Calibration
    mistakes: tuple[Mistake, ...]
    """The worst, those it was surest of, first."""

    @property
    def accuracy(self) -> float:
        """A fraction."""
        return self.correct / self.images

    def mistakes_in(self, truth: int, answer: int) -> tuple[Mistake, ...]:
        """Those of one cell of the confusion matrix."""
        return tuple(entry for entry in self.mistakes if (entry.truth, entry.answer) == (truth, answer))

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {"accuracy": self.accuracy, **dataclasses.asdict(self)}


def evaluate_logits(logits: Tensor, labels: Tensor, classes: Sequence[str]) -> Evaluation:
    """The whole report. logits: (N, C) floating, labels: (N,) int64 below C, N at least 1, both on the CPU."""
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
        calibration=calibration(logits, labels),
        mistakes=_mistakes(logits, labels, predicted, classes),
    )


def wilson_interval(correct: int, count: int) -> tuple[float, float]:
    """95 % confidence interval of a share (Wilson, 1927), which unlike the usual one holds near 0 and 1 too."""
    share, z2 = correct / count, _NORMAL_95**2
    middle = share + z2 / (2 * count)
    half = _NORMAL_95 * math.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    scale = 1 + z2 / count
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


def _per_class(confusion: Tensor, classes: Sequence[str]) -> tuple[ClassScore, ...]:
    hits, support, called = confusion.diagonal(), confusion.sum(1), confusion.sum(0)
    precision, recall, f1 = (
        (share / whole.clamp(min=1)).tolist()
        for share, whole in (
            (hits.double(), called),
            (hits.double(), support),
            (2 * hits.double(), called + support),
        )
    )
    return tuple(
        ClassScore(index, name, precision[index], recall[index], f1[index], int(support[index]))
        for index, name in enumerate(classes)
    )


def _mistakes(
    logits: Tensor, labels: Tensor, predicted: Tensor, classes: Sequence[str]
) -> tuple[Mistake, ...]:
    wrong = (predicted != labels).nonzero().flatten()
    truths = labels[wrong].tolist()
    found = [
        Mistake(index, truth, answer.top, answer.probabilities[truth])
        for index, truth, answer in zip(
            wrong.tolist(), truths, predictions_from_logits(logits[wrong], classes), strict=True
        )
    ]
    return tuple(sorted(found, key=lambda mistake: (-mistake.confidence, mistake.index)))
