"""From `--backend` to a step."""

from __future__ import annotations

from torch import nn

from mnist_tui.config import TrainConfig
from mnist_tui.steps.contract import Step
from mnist_tui.steps.eager import EagerStep


def choose_step(config: TrainConfig, model: nn.Module) -> Step:
    """The fastest backend that can do this model; for now there is one, and it can do all."""
    return EagerStep(model, config.label_smoothing)
