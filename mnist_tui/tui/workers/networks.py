"""The networks that background threads compute with: the one in training, or a run's saved one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mnist_tui.config import TrainConfig
from mnist_tui.errors import RunError
from mnist_tui.runs import Run
from mnist_tui.runs.find import find_network
from mnist_tui.training.snapshot import Snapshot

if TYPE_CHECKING:
    from mnist_tui.inference.network import TrainedNetwork

NO_NETWORK = "No network yet."


@dataclass(frozen=True)
class SavedNetwork:
    """A run's best weights, or its last before there are best ones; where `run` is None, those of the newest run.

    A finished run comes before one that was stopped, see `find_network`.
    """

    runs_dir: Path
    run: Run | None = None
    untrained: TrainConfig | None = None
    """Where `run` is None: only runs with best weights of this model; where there are none, the network that a
    training with these settings would begin with. None for any run."""
    generation: int = 0
    """Counts the times at which another run may have become the newest."""


NetworkSource = Snapshot | SavedNetwork


def live_label(snapshot: Snapshot) -> str:
    """`live, epoch 2, step 5 of 10 · quick-s1`: where there is little room the run's name is cut off."""
    step = f"step {snapshot.step:,} of {snapshot.steps:,}"
    return f"live, epoch {snapshot.epoch}, {step} · {snapshot.run.name}"


def saved_label(network: TrainedNetwork) -> str:
    """`best weights, epoch 3 · quick-s1`, in the order of `live_label`."""
    epoch = "" if network.epoch is None else f", epoch {network.epoch}"
    return f"{network.weights} weights{epoch} · {network.run}"


class NetworkProvider:
    """Opens networks and keeps them: the live one, and the one not in training that was opened last. For one thread."""

    def __init__(self) -> None:
        import torch

        from mnist_tui.inference.live import LiveNetwork

        # Two would spin for each other, and for those that train, longer than they compute. With OpenMP the number
        # is this thread's alone. A thread that has computed already, as a training has when it sets its own number,
        # keeps its own.
        if torch.backends.openmp.is_available():
            torch.set_num_threads(1)
        self._live = LiveNetwork()
        self._saved: TrainedNetwork | None = None
        self._file_state: object = None
        self._newest: tuple[SavedNetwork, Run | None] | None = None

    def open(self, source: NetworkSource) -> TrainedNetwork:
        """The network, good until the next call. Raises RunError where there is none."""
        if isinstance(source, Snapshot):
            return self._live.load(source)
        run = self.find_run(source)
        if run is None:
            assert source.untrained is not None  # or find_run would have raised
            return self._build_untrained(source.untrained)
        weights = run.saved_weights or "last"
        file = run.weights_file if weights == "best" else run.checkpoint_file
        state = (file, _modification_time(file))
        if self._saved is None or state != self._file_state:
            from mnist_tui.inference.network import load_trained

            self._saved, self._file_state = load_trained(run, weights), state
        return self._saved

    def find_run(self, source: SavedNetwork) -> Run | None:
        """The run whose weights `open` takes; None for an untrained network. Raises RunError where there is neither."""
        if source.run is not None:
            return source.run
        if self._newest is None or self._newest[0] != source:
            self._newest = (source, _find_newest(source))
        return self._newest[1]

    def _build_untrained(self, config: TrainConfig) -> TrainedNetwork:
        """Once per model and seed."""
        from mnist_tui.inference.network import build_untrained

        state = ("untrained", config.model, config.seed)
        if self._saved is None or state != self._file_state:
            self._saved, self._file_state = build_untrained(config), state
        return self._saved


def _find_newest(source: SavedNetwork) -> Run | None:
    if source.untrained is not None:
        from mnist_tui.models import resolve_spec

        return find_network(source.runs_dir, best_of=resolve_spec(source.untrained.model).spec)
    run = find_network(source.runs_dir)
    if run is None:
        raise RunError(NO_NETWORK, remedy="Train one: press n.")
    return run


def _modification_time(file: Path) -> int:
    """When a file was written, in nanoseconds; 0 where there is none."""
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0
