"""The training state: a model with its optimizer's state and its averaged weights."""

from __future__ import annotations

import copy
from typing import Any

from torch import Tensor, nn

from mnist_tui.config import TrainConfig
from mnist_tui.training.ema import make_ema
from mnist_tui.training.optimizer import Optimizer


class TrainState:
    """A model on its device with everything that training changes: backends update it, checkpoints save it."""

    def __init__(self, config: TrainConfig, model: nn.Module) -> None:
        self.model = model
        self.optimizer = Optimizer(config, model)
        self.average = make_ema(config, model)

    @property
    def eval_model(self) -> nn.Module:
        """The model that is evaluated and saved: with the averaged weights if there are any."""
        return self.model if self.average is None else self.average.module

    def eval_weights(self) -> dict[str, Any]:
        """A copy of the evaluated model's state dict on the CPU, which later steps do not change."""
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
        """Copy the `state()` of a training state with the same config and model class into the existing tensors."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.average:
            self.average.load_state_dict(state["average"])
