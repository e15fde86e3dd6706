"""What a network answers now to one test image of each class, and which classes it confuses most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mnist_tui.data.types import Split
from mnist_tui.inference.network import TrainedNetwork
from mnist_tui.inference.prediction import Prediction, predictions_from_logits


@dataclass(frozen=True, eq=False)
class DigitAnswer:
    """A test image and the prediction for it."""

    number: int
    """The image's index in the test set."""
    pixels: Tensor
    """(H, W) uint8."""
    label: int
    prediction: Prediction

    @property
    def is_correct(self) -> bool:
        """Whether the likeliest class is the label."""
        return self.prediction.best.index == self.label


@dataclass(frozen=True)
class Confusion:
    """How many images of the class `truth` were taken for the class `predicted`."""

    truth: int
    predicted: int
    count: int


def find_one_per_class(labels: Tensor, classes: int) -> tuple[int, ...]:
    """The index of the first image of each class; a class without images is left out. labels: (N,) int64."""
    found = ((labels == label).nonzero().flatten() for label in range(classes))
    return tuple(int(numbers[0]) for numbers in found if len(numbers))


def answer_images(network: TrainedNetwork, split: Split, numbers: Sequence[int]) -> tuple[DigitAnswer, ...]:
    """The network's predictions for these images of `split`, in their order. Takes one forward pass."""
    chosen = torch.tensor(numbers, dtype=torch.int64)
    images, labels = split.images[chosen], split.labels[chosen].tolist()
    predictions = predictions_from_logits(network.logits(images), network.classes)
    return tuple(map(DigitAnswer, numbers, images[:, 0], labels, predictions))


def find_confusions(network: TrainedNetwork, split: Split, *, limit: int) -> tuple[Confusion, ...]:
    """The confusions among `limit` images spread over `split`, or all of them, the most frequent first."""
    step = max(1, -(-len(split.labels) // limit))
    images, labels = split.images[::step], split.labels[::step]
    count = len(network.classes)
    cells = torch.bincount(labels * count + network.logits(images).argmax(1), minlength=count * count)
    return list_confusions(cells.view(count, count).tolist())


def list_confusions(confusion: Sequence[Sequence[int]]) -> tuple[Confusion, ...]:
    """The cells off the diagonal of a confusion matrix [label][predicted] that are not 0, the largest first."""
    found = (
        Confusion(truth, predicted, count)
        for truth, row in enumerate(confusion)
        for predicted, count in enumerate(row)
        if count and truth != predicted
    )
    return tuple(sorted(found, key=lambda one: -one.count))
