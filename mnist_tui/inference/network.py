"""Opening a trained network: its model, config and class names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from mnist_tui.config import TrainConfig
from mnist_tui.data import registry
from mnist_tui.data.augmentation import deskew_pixels, make_network_input
from mnist_tui.data.types import DIGITS
from mnist_tui.errors import ModelError, RunError
from mnist_tui.models import ModelSource, resolve_spec
from mnist_tui.models.code_errors import translate_code_errors
from mnist_tui.models.isolated_rng import load_model_isolated
from mnist_tui.runs import Run
from mnist_tui.training import checkpoint
from mnist_tui.training.run_code import find_code

WeightsName = Literal["best", "last"]
"""The weights of the best epoch, or those of the last checkpoint."""

UNTRAINED = "initial"
"""The weights of a network that has not been trained."""

# Images per forward pass: enough for full speed, few enough to stop within a fraction of a second.
_BATCH = 500


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """A network to use. `model` is in evaluation mode, on the CPU, and shared with no other object."""

    model: nn.Module
    config: TrainConfig
    classes: tuple[str, ...]
    run: str
    """The run's name."""
    weights: str
    """Which of the run's weights: `best`, `last` or `live`; or `initial` before any training."""
    epoch: int | None = None
    """The last finished epoch; None if unknown."""
    test_accuracy: float | None = None
    """Measured by the run after that epoch, as a fraction."""
    code: ModelSource | None = None
    """The source of its network, if not what the config names now."""

    @property
    def label(self) -> str:
        """`reference-seed-1 · best weights, epoch 15`."""
        epoch = f", epoch {self.epoch}" if self.epoch is not None else ""
        return f"{self.run} · {self.weights} weights{epoch}"

    def to_dict(self) -> dict[str, Any]:
        """Identifies the network, as plain values for JSON."""
        return {
            "run": self.run,
            "weights": self.weights,
            "epoch": self.epoch,
            "classes": list(self.classes),
        }

    @torch.no_grad()
    def logits(self, images: Tensor) -> Tensor:
        """(N, 1, 28, 28) uint8 to (N, 10) float32. Draws no random numbers."""
        if not len(images):
            return torch.zeros(0, len(self.classes))
        with translate_code_errors():
            batches = [self.model(make_network_input(batch, self.config)) for batch in images.split(_BATCH)]
        return torch.cat(batches).float()

    def input_pixels(self, images: Tensor) -> Tensor:
        """Images (N, 1, 28, 28) uint8 as the network gets them before normalization: perhaps deskewed."""
        return deskew_pixels(images, self.config)


def load_trained(run: Run, weights: WeightsName = "best") -> TrainedNetwork:
    """The network of `run`, even while it is being trained, and from any thread.

    `last` are the averaged weights if there are any, as those are evaluated. Raises RunError if there are no such
    weights or they do not fit the network.
    """
    config = run.record().train_config()
    values, facts = _read_best(run) if weights == "best" else _read_last(run)
    model, code = build_network(run)
    try:
        model.load_state_dict(values)
    except (RuntimeError, TypeError, AttributeError) as error:
        reason = " ".join(str(error).split())
        raise RunError(
            f"the {weights} weights of run {run.name} do not fit its network {config.model}: {reason}",
            remedy="Bring the network's code back to what it was, or choose another run.",
        ) from error
    if not checkpoint.is_finite(model):
        raise RunError(
            f"the {weights} weights of run {run.name} are not all finite numbers",
            remedy="Choose another run.",
        )
    return TrainedNetwork(freeze(model), config, class_names(config.dataset), run.name, weights, code=code, **facts)


def freeze(model: nn.Module) -> nn.Module:
    """`model` itself, in evaluation mode and without gradients. TorchScript networks have no `requires_grad_`."""
    for parameter in model.eval().parameters():
        parameter.requires_grad_(False)
    return model


def build_untrained(config: TrainConfig) -> TrainedNetwork:
    """The network that a training with `config` would begin with, from any thread; its run is named after the model.

    Raises ModelError if it cannot be built.
    """
    source = resolve_spec(config.model)
    model = freeze(load_model_isolated(source, config.seed))
    return TrainedNetwork(model, config, class_names(config.dataset), source.name, UNTRAINED, code=source)


def class_names(dataset: str) -> tuple[str, ...]:
    """The names of the classes in the order of the logits, for a network trained on `dataset`."""
    known = registry.DATASETS.get(dataset)
    return known.classes if known else DIGITS


def build_network(run: Run) -> tuple[nn.Module, ModelSource]:
    """The network of `run` with the weights that its training began with, and its source; from any thread.

    It is created from the run's own copy of the code, if there is one. Raises RunError if that is damaged or has
    changed, and UntrustedCodeError if the user has not agreed to run it.
    """
    code = find_code(run).require_trust()
    try:
        return load_model_isolated(code.source, run.record().train_config().seed), code.source
    except ModelError as error:
        raise RunError(
            f"the network of run {run.name} cannot be built: {error}",
            remedy=error.remedy or "Put its file back where it was, or choose another run.",
        ) from error


def _read_best(run: Run) -> tuple[Mapping[str, Tensor], dict[str, Any]]:
    if not os.path.lexists(run.weights_file):
        raise RunError(
            f"run {run.name} has no best weights yet: there is no {run.weights_file}",
            remedy="They are written after the first epoch; until then try --weights last.",
        )
    values, metadata = checkpoint.load_weights(run.weights_file)
    metrics = metadata.get("metrics")
    metrics = metrics if isinstance(metrics, dict) else {}
    return values, _facts(metrics.get("epoch"), metrics.get("test_accuracy"))


def _read_last(run: Run) -> tuple[Mapping[str, Tensor], dict[str, Any]]:
    if not os.path.lexists(run.checkpoint_file):
        raise RunError(
            f"run {run.name} has no checkpoint yet: there is no {run.checkpoint_file}",
            remedy="Pause it, or wait for the end of its first epoch.",
        )
    state = checkpoint.load_state(run.checkpoint_file)
    position, average = state.get("position"), state.get("average")
    values = state.get("model") if average is None else _average_weights(average)
    if not isinstance(values, Mapping) or not isinstance(position, Mapping):
        raise RunError(f"{run.checkpoint_file} has no network", remedy="Choose another run.")
    finished = position.get("epoch", 1) - 1
    is_at_epoch_end = finished > 0 and position.get("step") == 0
    return values, _facts(finished, position.get("test_accuracy") if is_at_epoch_end else None)


def _average_weights(average: object) -> Mapping[str, Tensor] | None:
    """The weights in the state dict of torch's AveragedModel, without its count of updates."""
    if not isinstance(average, Mapping):
        return None
    prefix = "module."
    return {name.removeprefix(prefix): value for name, value in average.items() if name.startswith(prefix)}


def _facts(epoch: object, accuracy: object) -> dict[str, Any]:
    return {
        "epoch": epoch if isinstance(epoch, int) else None,
        "test_accuracy": accuracy if isinstance(accuracy, float) else None,
    }
