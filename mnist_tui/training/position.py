"""Where a run stands: everything about training that is not a weight and cannot be derived."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class BestEpoch:
    """The best so far. `accuracy` is what it was chosen by: on validation images, or else on the test's."""

    epoch: int
    accuracy: float
    test_accuracy: float
    test_loss: float
    train_loss: float


@dataclass
class Position:
    """The next step to take, and the best so far."""

    epoch: int = 1
    """Counted from 1; one more than the config's epochs when all is done."""
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
        """Plain values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Position:
        """The position `to_dict` gave. Raises TypeError or ValueError for anything else."""
        best = values["best"]
        position = cls(**{**values, "best": BestEpoch(**best) if best else None})
        for part in (values, best or {}):
            _check_numbers(part)
        return position


def _check_numbers(values: dict[str, Any]) -> None:
    """A damaged checkpoint can hold anything, and would be noticed only in the midst of training."""
    for name, value in values.items():
        if name == "best":
            continue
        whole = name in ("epoch", "step")
        if not isinstance(value, int if whole else float):
            raise TypeError(f"{name} is {value!r}")
        if not (math.isfinite(value) and value >= (1 if name == "epoch" else 0)):
            raise ValueError(f"{name} is {value}")


def random_state(device: torch.device) -> dict[str, Tensor]:
    """torch's random numbers to come, on the CPU and on `device`: dropout draws from them."""
    state = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    elif device.type == "mps":
        state["mps"] = torch.mps.get_rng_state()
    return state


def restore_random_state(state: dict[str, Tensor], device: torch.device) -> None:
    """Go on with the random numbers of `random_state`."""
    torch.set_rng_state(state["cpu"])
    if device.type == "cuda":
        torch.cuda.set_rng_state(state["cuda"], device)
    elif device.type == "mps":
        torch.mps.set_rng_state(state["mps"])
