"""Opening a trained network: its weights, what it was trained with, and the names of what it tells apart."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from mnist_tui.config import TrainConfig
from mnist_tui.data import registry
from mnist_tui.data.augmentation import deskew_pixels, network_input
from mnist_tui.data.datasets import DIGITS
from mnist_tui.errors import ConfigError, ModelError, RunError
from mnist_tui.models import ModelSource
from mnist_tui.models.import_source import explaining
from mnist_tui.models.isolated_rng import load_model_isolated
from mnist_tui.runs import Run
from mnist_tui.training import checkpoint, lr_schedule
from mnist_tui.training.run_code import code_of

WeightsName = Literal["best", "last"]
"""Those of the best epoch, or those of the last checkpoint."""

# Images at once: large enough for full speed, small enough that a stop is answered within a fraction of a second.
_BATCH = 500


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """A network to use: `model` is in evaluation mode, on the CPU, and nobody else's."""

    model: nn.Module
    config: TrainConfig
    classes: tuple[str, ...]
    run: str
    """The run's name."""
    weights: str
    """Which of the run's weights: `best`, `last`, or another word of whoever made it."""
    epoch: int | None = None
    """The last epoch it has finished; None where that is not known."""
    test_accuracy: float | None = None
    """What the run itself measured after that epoch, as a fraction."""
    code: ModelSource | None = None
    """The source of its network, if it differs from what the config names now."""

    @property
    def label(self) -> str:
        """`reference-seed-1 · best weights, epoch 15`."""
        epoch = f", epoch {self.epoch}" if self.epoch is not None else ""
        return f"{self.run} · {self.weights} weights{epoch}"

    def to_dict(self) -> dict[str, Any]:
        """Which network it is, in plain values for JSON."""
        return {
            "run": self.run,
            "weights": self.weights,
            "epoch": self.epoch,
            "classes": list(self.classes),
        }

    @torch.no_grad()
    def logits(self, images: Tensor) -> Tensor:
        """(N, 1, 28, 28) uint8 to (N, 10) float32; draws no random number."""
        if not len(images):
            return torch.zeros(0, len(self.classes))
        with explaining():
            batches = [self.model(network_input(batch, self.config)) for batch in images.split(_BATCH)]
        return torch.cat(batches).float()

    def sees(self, images: Tensor) -> Tensor:
        """What it judges of images (N, 1, 28, 28) uint8, alike: the digits upright, where it wants them so."""
        return deskew_pixels(images, self.config)


def load_trained(run: Run, weights: WeightsName = "best") -> TrainedNetwork:
    """The network of `run`, also while it is being trained elsewhere, and from any thread.

    `last` are the averaged weights where there are any, as those are what the run is tested with. Raises RunError
    where there are no such weights or they do not fit the network.
    """
    config = _config(run)
    values, facts = _best(run) if weights == "best" else _last(run)
    model, code = build_network(run)
    try:
        model.load_state_dict(values)
    except (RuntimeError, TypeError, AttributeError) as error:
        reason = " ".join(str(error).split())
        raise RunError(
            f"the {weights} weights of run {run.name} do not fit its network {config.model}: {reason}",
            remedy="Bring the network's code back to what it was, or choose another run.",
        ) from error
    if not lr_schedule.is_finite(model):
        raise RunError(
            f"the {weights} weights of run {run.name} are not all finite numbers",
            remedy="Choose another run.",
        )
    lr_schedule.freeze(model)
    return TrainedNetwork(model, config, class_names(config.dataset), run.name, weights, code=code, **facts)


def class_names(dataset: str) -> tuple[str, ...]:
    """What the ten logits stand for, with a network trained on `dataset`."""
    known = registry.DATASETS.get(dataset)
    return known.classes if known else DIGITS


def _config(run: Run) -> TrainConfig:
    try:
        return TrainConfig.from_dict(run.record()["config"])
    except (ConfigError, TypeError) as error:
        raise RunError(
            f"run {run.name} was made by another version of this program: {error}",
            remedy="Open it with that version, or choose another run.",
        ) from error


def build_network(run: Run) -> tuple[nn.Module, ModelSource]:
    """The network of `run` with arbitrary weights, and its source; from any thread.

    It is created from the run's own copy of the code, if there is one. Raises RunError if that is damaged or has
    changed, and UntrustedCodeError if the user has not agreed to run it.
    """
    code = code_of(run).trusted()
    try:
        return load_model_isolated(code.source), code.source
    except ModelError as error:
        raise RunError(
            f"the network of run {run.name} cannot be built: {error}",
            remedy=error.remedy or "Put its file back where it was, or choose another run.",
        ) from error


def _best(run: Run) -> tuple[Mapping[str, Tensor], dict[str, Any]]:
    if not os.path.lexists(run.weights_file):
        raise RunError(
            f"run {run.name} has no best weights yet: there is no {run.weights_file}",
            remedy="They are written after the first epoch; until then try --weights last.",
        )
    values, metadata = checkpoint.load_weights(run.weights_file)
    metrics = metadata.get("metrics")
    metrics = metrics if isinstance(metrics, dict) else {}
    return values, _facts(metrics.get("epoch"), metrics.get("test_accuracy"))


def _last(run: Run) -> tuple[Mapping[str, Tensor], dict[str, Any]]:
    if not os.path.lexists(run.checkpoint_file):
        raise RunError(
            f"run {run.name} has no checkpoint yet: there is no {run.checkpoint_file}",
            remedy="Pause it, or wait for the end of its first epoch.",
        )
    state = checkpoint.load_state(run.checkpoint_file)
    position, average = state.get("position"), state.get("average")
    values = state.get("model") if average is None else _of_average(average)
    if not isinstance(values, Mapping) or not isinstance(position, Mapping):
        raise RunError(f"{run.checkpoint_file} holds no network", remedy="Choose another run.")
    finished = position.get("epoch", 1) - 1
    at_its_end = finished > 0 and position.get("step") == 0
    return values, _facts(finished, position.get("test_accuracy") if at_its_end else None)


def _of_average(average: object) -> Mapping[str, Tensor] | None:
    """The network within the state of torch's AveragedModel, which counts beside it."""
    if not isinstance(average, Mapping):
        return None
    prefix = "module."
    return {name.removeprefix(prefix): value for name, value in average.items() if name.startswith(prefix)}


def _facts(epoch: object, accuracy: object) -> dict[str, Any]:
    return {
        "epoch": epoch if isinstance(epoch, int) else None,
        "test_accuracy": accuracy if isinstance(accuracy, float) else None,
    }
