"""What every backend promises the trainer."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from torch import Tensor


class StepResult(NamedTuple):
    """Sums over the batch, still on the device: reading them back would stall it."""

    loss_sum: Tensor
    """() float: the batch's mean loss times its images."""
    correct: Tensor
    """() int64: images whose largest logit was the label's."""


class Step(Protocol):
    """Fills every parameter's `.grad` and updates the BatchNorm statistics; changes no parameter."""

    name: str

    def __call__(self, images: Tensor, labels: Tensor) -> StepResult:
        """images: (N, 1, 28, 28) float32, normalised. labels: (N,) int64."""
        ...
