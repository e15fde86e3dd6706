"""What training changes: the weights, the optimiser's memory and the averaged weights."""

from __future__ import annotations

import copy
from typing import Any

from torch import Tensor, nn

from mnist_tui.config import TrainConfig
from mnist_tui.training import lr_schedule
from mnist_tui.training.optimizer import Optimizer


class TrainState:
    """A model, on its device already, with all that belongs to its weights. Backends change it, checkpoints keep it."""

    def __init__(self, config: TrainConfig, model: nn.Module) -> None:
        self.model = model
        self.optimizer = Optimizer(config, model)
        self.average = lr_schedule.make_ema(config, model)

    @property
    def eval_model(self) -> nn.Module:
        """What is tested and kept: the averaged weights where there are any."""
        return self.model if self.average is None else self.average.module

    def eval_weights(self) -> dict[str, Any]:
        """A copy of the tested weights and statistics, on the CPU: what comes later does not change it."""
        return {
            name: value.detach().to("cpu", copy=True) if isinstance(value, Tensor) else copy.deepcopy(value)
            for name, value in self.eval_model.state_dict().items()
        }

    def state(self) -> dict[str, Any]:
        """Its part of a checkpoint; the tensors are the live ones."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average.state_dict() if self.average else None,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from `state()` of a training state of the same config and model class.

        Everything is copied into the tensors there are.
        """
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.average:
            self.average.load_state_dict(state["average"])
