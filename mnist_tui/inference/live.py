"""The network in training, for viewers: built once, then loaded with one snapshot after another."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from mnist_tui.errors import RunError
from mnist_tui.inference.network import TrainedNetwork, build_network, class_names, freeze
from mnist_tui.models import ModelSource
from mnist_tui.training.snapshot import Snapshot


class LiveNetwork:
    """Loads snapshots into one model; each thread needs a LiveNetwork of its own."""

    def __init__(self) -> None:
        self._snapshot: Snapshot | None = None
        self._model: nn.Module | None = None
        self._folder: Path | None = None
        self._code: ModelSource | None = None

    def load(self, snapshot: Snapshot) -> TrainedNetwork:
        """The network of `snapshot`, valid until the next call. The first call builds it, which takes a while.

        Raises RunError if it cannot be built, as when its code has changed since.
        """
        model = self._build(snapshot)
        if snapshot is not self._snapshot:
            self._snapshot = None  # it may be partly loaded if it fails
            self._load_weights(model, snapshot)
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

    def _build(self, snapshot: Snapshot) -> nn.Module:
        if self._model is None or self._folder != snapshot.run.folder:
            self._snapshot = self._model = None
            model, self._code = build_network(snapshot.run)
            self._model = freeze(model)
            self._folder = snapshot.run.folder
        return self._model

    def _load_weights(self, model: nn.Module, snapshot: Snapshot) -> None:
        try:
            model.load_state_dict(snapshot.weights)
        except (RuntimeError, TypeError, AttributeError) as error:
            raise RunError(
                f"the network {snapshot.config.model} cannot be shown while it is trained: {error}",
                remedy="Its code must create the same layers every time.",
            ) from error
