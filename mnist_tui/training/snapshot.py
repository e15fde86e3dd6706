"""Snapshots of the network in training: copies of its weights, for viewers in other threads.

The training thread publishes a `Snapshot` between two events, within an epoch only on request. No thread waits for
another, no tensor of the training is shared, and no random number is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from mnist_tui.config import TrainConfig
    from mnist_tui.runs import Run


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The evaluated weights at one moment of a run. `mnist_tui.inference.live` loads them into a network."""

    run: Run
    config: TrainConfig
    weights: Mapping[str, Tensor]
    """A state dict of copies on the CPU; read-only, as several threads may use it."""
    epoch: int
    """Counted from 1."""
    step: int
    """Steps of that epoch that were done, of `steps`."""
    steps: int
    test_accuracy: float | None
    """Of exactly these weights, as a fraction; None within an epoch."""


class SnapshotSlot:
    """Holds the latest snapshot of a run. It needs no lock, as it only assigns references."""

    def __init__(self) -> None:
        self._latest: Snapshot | None = None
        self._requested = False

    @property
    def is_requested(self) -> bool:
        """Whether `latest` has been called since the last snapshot."""
        return self._requested

    def latest(self) -> Snapshot | None:
        """The latest snapshot, at once, or None; also requests a newer one for the next call."""
        self._requested = True
        return self._latest

    def publish(self, snapshot: Snapshot) -> None:
        """Replace the snapshot. For the training thread, before it reports the event that goes with it."""
        self._latest = snapshot
        self._requested = False
