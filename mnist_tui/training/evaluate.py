"""How well a network does on a split: loss and accuracy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mnist_tui.config import TrainConfig
from mnist_tui.data.augmentation import make_network_input

# Images (N, 1, 28, 28) float32, normalised, to logits (N, 10), in evaluation mode and without gradients.
Logits = Callable[[Tensor], Tensor]

# Large enough for full speed, small enough to answer a stop within a fraction of a second.
BATCH = 500


@dataclass(frozen=True)
class Score:
    """`loss` is the mean cross-entropy an image, `accuracy` a fraction."""

    loss: float
    accuracy: float


class Scoring:
    """Score a network batch by batch: iterate to do the work, then ask for the `score`.

    images: (N, 1, 28, 28) uint8, labels: (N,) int64, both on the network's device.
    """

    def __init__(self, logits: Logits, images: Tensor, labels: Tensor, config: TrainConfig) -> None:
        self.logits, self.images, self.labels, self.config = logits, images, labels, config
        self._loss_sum = torch.zeros((), dtype=torch.float64)
        self._correct = torch.zeros((), dtype=torch.int64)

    def __iter__(self) -> Iterator[int]:
        """Yield the number of images done so far, after each batch."""
        for start in range(0, len(self.images), BATCH):
            self._score_batch(slice(start, start + BATCH))
            yield min(start + BATCH, len(self.images))

    @property
    def score(self) -> Score:
        """Of the whole split, once all batches are done."""
        count = len(self.images)
        return Score(self._loss_sum.item() / count, self._correct.item() / count)

    def _score_batch(self, batch: slice) -> None:
        labels = self.labels[batch].cpu()
        # float64 for a sum that does not depend on the batches; on the CPU, as not every device has it.
        logits = self.logits(make_network_input(self.images[batch], self.config)).cpu().double()
        self._loss_sum += F.cross_entropy(logits, labels, reduction="sum")
        self._correct += (logits.argmax(1) == labels).sum()


def evaluate(logits: Logits, images: Tensor, labels: Tensor, config: TrainConfig) -> Score:
    """The score of the whole split at once."""
    scoring = Scoring(logits, images, labels, config)
    for _ in scoring:
        pass
    return scoring.score


@torch.no_grad()
def logits_of(model: nn.Module, images: Tensor) -> Tensor:
    """A model's `Logits`. It is left in evaluation mode."""
    return model.eval()(images)  # type: ignore[no-any-return]
