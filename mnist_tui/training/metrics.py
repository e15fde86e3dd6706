"""The running epoch's metrics: loss, accuracy and speed, summed on the device."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from mnist_tui.system.timing import Stopwatch
from mnist_tui.training.backends.base import StepResult


class EpochMetrics:
    """Loss and accuracy of an epoch's steps. `add` never waits for the device; reading does."""

    def __init__(self, device: torch.device) -> None:
        # Sums over tens of thousands of images need float64, which MPS does not have.
        dtype = torch.float32 if device.type == "mps" else torch.float64
        self._loss_sum = torch.zeros((), dtype=dtype, device=device)
        self._correct = torch.zeros((), dtype=torch.int64, device=device)
        self._batch_losses: list[Tensor] = []
        self._timed_images = 0
        self.images = 0
        self.watch = Stopwatch()

    def add(self, result: StepResult, images: int) -> None:
        self._loss_sum += result.loss_sum
        self._correct += result.correct
        self._batch_losses.append(result.loss_sum / images)
        self.images += images
        self._timed_images += images

    @property
    def loss(self) -> float:
        """Mean loss per image."""
        return self._loss_sum.item() / max(self.images, 1)

    @property
    def accuracy(self) -> float:
        """As a fraction."""
        return self._correct.item() / max(self.images, 1)

    @property
    def images_per_second(self) -> float:
        """Over the time that `watch` ran in this process."""
        return self._timed_images / max(self.watch.seconds, 1e-9)

    def take_batch_losses(self) -> tuple[float, ...]:
        """The mean loss per image of each step since the last call."""
        losses = tuple(torch.stack(self._batch_losses).tolist()) if self._batch_losses else ()
        self._batch_losses.clear()
        return losses

    def state(self) -> dict[str, Any]:
        """Its part of a checkpoint; speed is measured per process."""
        return {"loss_sum": self._loss_sum, "correct": self._correct, "images": self.images}

    def load_state(self, state: dict[str, Any]) -> None:
        self._loss_sum.copy_(state["loss_sum"])
        self._correct.copy_(state["correct"])
        self.images = int(state["images"])
