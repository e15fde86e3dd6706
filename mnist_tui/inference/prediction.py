"""A network's prediction for one image: class probabilities, the three likeliest classes, and its confidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

THRESHOLD = 0.7
"""Below this probability a prediction is "not sure".

Of the reference network's predictions on MNIST's test images (five epochs, 99.10 % correct) it rejects 41 % of the
wrong and 0.6 % of the correct ones; at 0.5 these are 19 and 0.15 %, at 0.9 they are 73 and 1.9 %.
"""

TOP = 3


@dataclass(frozen=True)
class ClassProbability:
    """One class and its probability."""

    index: int
    name: str
    probability: float


@dataclass(frozen=True)
class Prediction:
    """`probabilities` has one per class, in their order."""

    probabilities: tuple[float, ...]
    top: tuple[ClassProbability, ...]
    """The three likeliest classes, the likeliest first."""
    is_confident: bool
    """Whether the likeliest class reaches the threshold."""

    @property
    def best(self) -> ClassProbability:
        """The likeliest class, confident or not."""
        return self.top[0]

    @property
    def text(self) -> str:
        """The class's name, or `not sure`."""
        return self.best.name if self.is_confident else "not sure"


def predictions_from_logits(logits: Tensor, classes: Sequence[str], threshold: float = THRESHOLD) -> list[Prediction]:
    """One prediction for each row of `logits`, (N, C) floating."""
    probabilities = logits.double().softmax(dim=1)
    likeliest = probabilities.topk(min(TOP, len(classes)), dim=1)
    predictions = []
    for row, indices in zip(probabilities.tolist(), likeliest.indices.tolist(), strict=True):
        top = tuple(ClassProbability(index, classes[index], row[index]) for index in indices)
        predictions.append(Prediction(tuple(row), top, top[0].probability >= threshold))
    return predictions


def prediction_from_logits(logits: Tensor, classes: Sequence[str]) -> Prediction:
    """The prediction for one image's `logits`, (C,) or (1, C)."""
    return predictions_from_logits(logits.reshape(1, -1), classes)[0]
