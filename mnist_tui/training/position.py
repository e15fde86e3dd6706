"""Where a run stands: everything about training that is not a tensor and cannot be derived."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class BestEpoch:
    """The best epoch so far, selected by `accuracy`: on the validation images, or else on the test images."""

    epoch: int
    accuracy: float
    test_accuracy: float
    test_loss: float
    train_loss: float


@dataclass
class Position:
    """The next step to take, and the best epoch so far."""

    epoch: int = 1
    """Counted from 1; after the last epoch, one more than the config's number of epochs."""
    step: int = 0
    """Steps of this epoch that are done."""
    epoch_seconds: float = 0.0
    finished_seconds: float = 0.0
    """Of all finished epochs."""
    test_accuracy: float = 0.0
    """Of the last finished epoch, as is the next."""
    test_loss: float = 0.0
    best: BestEpoch | None = None

    def finish_epoch(self, test_accuracy: float, test_loss: float) -> None:
        """Move to the start of the next epoch."""
        self.test_accuracy, self.test_loss = test_accuracy, test_loss
        self.finished_seconds += self.epoch_seconds
        self.epoch, self.step, self.epoch_seconds = self.epoch + 1, 0, 0.0

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a checkpoint."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Position:
        """The position that `to_dict` returned. Raises TypeError or ValueError for anything else."""
        best = values["best"]
        position = cls(**{**values, "best": BestEpoch(**best) if best else None})
        for part in (values, best or {}):
            _check_numbers(part)
        return position


def _check_numbers(values: dict[str, Any]) -> None:
    """A damaged checkpoint can hold anything, which would be noticed only later, in training."""
    for name, value in values.items():
        if name == "best":
            continue
        is_count = name in ("epoch", "step")
        if not isinstance(value, int if is_count else float):
            raise TypeError(f"{name} is {value!r}")
        if not (math.isfinite(value) and value >= (1 if name == "epoch" else 0)):
            raise ValueError(f"{name} is {value}")
