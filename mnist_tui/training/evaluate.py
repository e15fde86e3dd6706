"""Loss and accuracy of a network on a split, batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mnist_tui.config import TrainConfig
from mnist_tui.data.augmentation import make_network_input

Logits = Callable[[Tensor], Tensor]
"""Images (N, 1, 28, 28) float32, normalized, to logits (N, 10), in evaluation mode and without gradients."""

BATCH = 500
"""Images: enough for full speed, few enough that a request to stop is answered within a fraction of a second."""


@dataclass(frozen=True)
class Score:
    """`loss` is the mean cross-entropy per image, `accuracy` a fraction."""

    loss: float
    accuracy: float


class Scorer:
    """Scores a network batch by batch: iterate over it, then read `score`.

    images: (N, 1, 28, 28) uint8, labels: (N,) int64, both on the network's device.
    """

    def __init__(self, logits: Logits, images: Tensor, labels: Tensor, config: TrainConfig) -> None:
        self.logits, self.images, self.labels, self.config = logits, images, labels, config
        self._loss_sum = torch.zeros((), dtype=torch.float64)
        self._correct = torch.zeros((), dtype=torch.int64)

    def __iter__(self) -> Iterator[int]:
        """Score the next batch; yields the number of images scored so far."""
        for start in range(0, len(self.images), BATCH):
            self._score_batch(slice(start, start + BATCH))
            yield min(start + BATCH, len(self.images))

    @property
    def score(self) -> Score:
        """The score of the whole split, after all batches."""
        count = len(self.images)
        return Score(self._loss_sum.item() / count, self._correct.item() / count)

    def _score_batch(self, batch: slice) -> None:
        labels = self.labels[batch].cpu()
        # float64 for a sum that does not depend on the batches; on the CPU, as not every device has it.
        logits = self.logits(make_network_input(self.images[batch], self.config)).cpu().double()
        self._loss_sum += F.cross_entropy(logits, labels, reduction="sum")
        self._correct += (logits.argmax(1) == labels).sum()


def evaluate(logits: Logits, images: Tensor, labels: Tensor, config: TrainConfig) -> Score:
    """The score of the whole split."""
    scorer = Scorer(logits, images, labels, config)
    for _ in scorer:
        pass
    return scorer.score


@torch.no_grad()
def compute_logits(model: nn.Module, images: Tensor) -> Tensor:
    """A model's logits in evaluation mode, in which it is left."""
    return model.eval()(images)  # type: ignore[no-any-return]
