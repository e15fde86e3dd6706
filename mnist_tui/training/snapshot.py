"""The network that is being trained, for whoever looks on: frozen copies of its weights, made only when asked for.

Between two events the training's thread lays a `Snapshot` down; anybody may `look` at it from any thread. Nobody waits
for anybody, nothing of the training is shared, and no random number is drawn.
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
    """The tested weights at one moment of a run. `mnist_tui.inference.live` makes a network of it."""

    run: Run
    config: TrainConfig
    weights: Mapping[str, Tensor]
    """As `state_dict` names them, on the CPU: copies, to be read only, as several may look at them."""
    epoch: int
    """The epoch it is of, from 1."""
    step: int
    """Steps of that epoch that were done, of `steps`."""
    steps: int
    test_accuracy: float | None
    """Of these very weights, as a fraction; None in the middle of an epoch."""


class SnapshotSlot:
    """Where a training lays its newest snapshot. Assignments are all there is to it: no lock, nobody waits."""

    def __init__(self) -> None:
        self._latest: Snapshot | None = None
        self._requested = False

    @property
    def requested(self) -> bool:
        """Whether somebody has looked since the last snapshot: for the training to ask between two events."""
        return self._requested

    def latest(self) -> Snapshot | None:
        """The newest snapshot there is, at once; to look is to ask for a newer one next time."""
        self._requested = True
        return self._latest

    def publish(self, snapshot: Snapshot) -> None:
        """Lay down a newer one. For the training's thread, before it tells the event that goes with it."""
        self._latest = snapshot
        self._requested = False
