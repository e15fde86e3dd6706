"""Runs with weights, made without training: a network that reads the easy pictures of this module."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mnist_tui.runs import Run
from mnist_tui.training import checkpoint
from tests import sample_runs


def picture_of(label: int) -> Tensor:
    """(1, 28, 28) uint8: a frame with lines of its own in it, of the size and in the place that MNIST's digits have."""
    picture = torch.zeros(1, 28, 28, dtype=torch.uint8)
    picture[0, 4:24, 4:24] = 255
    picture[0, 6:22, 6:22] = 0
    for bit in range(4):
        if label + 1 & 1 << bit:
            picture[0, 13 - 2 * bit, 6:22] = picture[0, 14 + 2 * bit, 6:22] = 255
    return picture


def pictures(labels: list[int]) -> Tensor:
    """(N, 1, 28, 28) uint8."""
    return torch.stack([picture_of(label) for label in labels])


def weights(certainty: float = 1.0) -> dict[str, Tensor]:
    """Of the `linear` network: each class looks for its own picture."""
    templates = torch.stack([picture_of(label).flatten().float() / 255 for label in range(10)])
    return {"fc.weight": certainty * templates, "fc.bias": torch.zeros(10)}


def write(runs_dir: Path, name: str = "reader", **settings: Any) -> Run:
    """A finished run of the `linear` network with its best weights and its last checkpoint, which are no good."""
    run = sample_runs.write_finished(runs_dir, name, 0.97, 0.98, 0.96, model="linear", **settings)
    config = run.record().config
    metrics = {"epoch": 2, "test_accuracy": 0.98, "test_loss": 0.2}
    checkpoint.save_weights(run.weights_file, weights(), {"config": config, "metrics": metrics, "run": name})
    save_checkpoint(run, {"fc.weight": torch.zeros(10, 784), "fc.bias": torch.zeros(10)})
    return run


def save_checkpoint(run: Run, model: dict[str, Tensor], average: dict[str, Tensor] | None = None) -> None:
    """As a run leaves it after its third epoch."""
    position = {"epoch": 4, "step": 0, "test_accuracy": 0.96}
    checkpoint.save_state(run.checkpoint_file, {"model": model, "average": average, "position": position})


class Dropping(nn.Module):
    """Draws random numbers while it is built, in as many ways as torch has."""

    def __init__(self) -> None:
        super().__init__()
        self.flatten, self.linear = nn.Flatten(), nn.Linear(784, 10)
        nn.init.trunc_normal_(self.linear.weight)
        nn.init.orthogonal_(self.linear.weight)
        self.noise = torch.rand(3) + torch.randn(3) + torch.randperm(3) + torch.rand_like(torch.zeros(3))
        self.more = torch.randint(0, 3, (3,)) + torch.bernoulli(torch.full((3,), 0.5))

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.linear(self.flatten(images))
        return logits
