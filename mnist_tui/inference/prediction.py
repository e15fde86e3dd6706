"""What a network says of a picture: ten probabilities, the three likeliest classes, and whether it is sure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

THRESHOLD = 0.7
"""Below this probability the answer is "not sure".

Of the reference network's answers on MNIST's test images (five epochs, 99.10 % right) it holds back 41 % of the wrong
and 0.6 % of the right ones; at 0.5 these are 19 and 0.15 %, at 0.9 they are 73 and 1.9 %.
"""

TOP = 3


@dataclass(frozen=True)
class ClassProbability:
    """One class: its number, its name, and its probability."""

    index: int
    name: str
    probability: float


@dataclass(frozen=True)
class Prediction:
    """What a network says of one picture. `probabilities` has one a class, in the classes' order."""

    probabilities: tuple[float, ...]
    top: tuple[ClassProbability, ...]
    """The three likeliest, the likeliest first."""
    is_confident: bool

    @property
    def best(self) -> ClassProbability:
        """The likeliest class, sure or not."""
        return self.top[0]

    @property
    def text(self) -> str:
        """The class's name, or that it is not sure."""
        return self.best.name if self.is_confident else "not sure"


def predictions_from_logits(
    logits: Tensor, classes: Sequence[str], threshold: float = THRESHOLD
) -> list[Prediction]:
    """One answer for each row of `logits`, (N, C) floating."""
    probabilities = logits.double().softmax(dim=1)
    likeliest = probabilities.topk(min(TOP, len(classes)), dim=1)
    return [
        _answer(row, indices, classes, threshold)
        for row, indices in zip(probabilities.tolist(), likeliest.indices.tolist(), strict=True)
    ]


def prediction_from_logits(
    logits: Tensor, classes: Sequence[str], threshold: float = THRESHOLD
) -> Prediction:
    """The answer for one picture's `logits`, (C,) or (1, C)."""
    return predictions_from_logits(logits.reshape(1, -1), classes, threshold)[0]


def _answer(row: list[float], indices: list[int], classes: Sequence[str], threshold: float) -> Prediction:
    top = tuple(ClassProbability(index, classes[index], row[index]) for index in indices)
    return Prediction(tuple(row), top, top[0].probability >= threshold)
