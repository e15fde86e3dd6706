"""A network beside a training: built once, then given the weights of one snapshot after the other."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from mnist_tui.errors import RunError
from mnist_tui.inference.network import TrainedNetwork, build_network, class_names
from mnist_tui.models import ModelSource
from mnist_tui.training import lr_schedule
from mnist_tui.training.snapshot import Snapshot


class LiveNetwork:
    """For one thread at a time. Every other one that looks has its own."""

    def __init__(self) -> None:
        self._snapshot: Snapshot | None = None
        self._model: nn.Module | None = None
        self._folder: Path | None = None
        self._code: ModelSource | None = None

    def of(self, snapshot: Snapshot) -> TrainedNetwork:
        """The network of this moment, good until the next call; far below a millisecond but for the first.

        Raises RunError where it cannot be built, for its code was changed since.
        """
        model = self._built(snapshot)
        if snapshot is not self._snapshot:
            self._snapshot = None  # half of it may be loaded when it fails
            self._load(model, snapshot)
            self._snapshot = snapshot
        return TrainedNetwork(
            model,
            snapshot.config,
            class_names(snapshot.config.dataset),
            snapshot.run.name,
            "live",
            epoch=snapshot.epoch if snapshot.step == snapshot.steps else snapshot.epoch - 1,
            test_accuracy=snapshot.test_accuracy,
            code=self._code,
        )

    def _built(self, snapshot: Snapshot) -> nn.Module:
        if self._model is None or self._folder != snapshot.run.folder:
            self._snapshot = self._model = None
            model, self._code = build_network(snapshot.run)
            self._model = lr_schedule.freeze(model)
            self._folder = snapshot.run.folder
        return self._model

    def _load(self, model: nn.Module, snapshot: Snapshot) -> None:
        try:
            model.load_state_dict(snapshot.weights)
        except (RuntimeError, TypeError, AttributeError) as error:
            raise RunError(
                f"the network {snapshot.config.model} cannot be looked at while it is trained: {error}",
                remedy="Its code must make the same layers every time.",
            ) from error
