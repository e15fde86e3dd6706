"""What is new in a history since the last read, at a cost that does not grow with the run."""

from __future__ import annotations

import itertools

from mnist_tui.events import EpochFinished, RunStarted
from mnist_tui.runs.history import RunHistory


class EpochCursor:
    """Reads the finished epochs once each."""

    def __init__(self) -> None:
        self._count = 0
        self._last: EpochFinished | None = None

    def read_new(self, history: RunHistory) -> tuple[bool, list[EpochFinished]]:
        """Whether to forget the epochs read so far (a resume took some back), and those to add."""
        epochs = history.epochs
        restart = self._last is not None and epochs.get(self._last.epoch) is not self._last
        if restart:
            self._count, self._last = 0, None
        newest = list(itertools.islice(reversed(epochs.values()), len(epochs) - self._count))[::-1]
        if newest:
            self._count, self._last = len(epochs), newest[-1]
        return restart, newest


class LossCursor:
    """Reads the batch losses once each."""

    def __init__(self) -> None:
        self._count = 0
        self._started: RunStarted | None = None

    def read_new(self, history: RunHistory) -> tuple[int, list[float]]:
        """How many of the losses read so far still hold after a resume, and those to add."""
        losses, started = history.batch_losses, history.started
        valid = min(self._count, len(losses))
        if started is not self._started and started is not None:
            valid = min(valid, started.resumed_step)
        self._count, self._started = len(losses), started
        return valid, losses[valid:]
