"""Requests to a running trainer from other threads: to stop, to pause, to publish a snapshot."""

from __future__ import annotations

import threading

from mnist_tui.training.snapshot import SnapshotSlot


class Control:
    """Thread-safe. Requests return at once; the trainer answers at the end of its current step."""

    def __init__(self) -> None:
        self.snapshots = SnapshotSlot()
        """The latest copy of the network, published between two events."""
        self._changed = threading.Condition()
        self._stop_reason = ""
        self._paused = False

    @property
    def stop_reason(self) -> str:
        """Why the run should end; "" while it should not."""
        return self._stop_reason

    def should_stop(self) -> bool:
        return bool(self._stop_reason)

    @property
    def is_paused(self) -> bool:
        """Whether training should pause."""
        return self._paused and not self._stop_reason

    def stop(self, reason: str = "asked to stop") -> None:
        """Request the end of the run. The first reason is kept."""
        with self._changed:
            self._stop_reason = self._stop_reason or reason
            self._changed.notify_all()

    def pause(self) -> None:
        """Request a pause at the end of the current step."""
        with self._changed:
            self._paused = True

    def resume(self) -> None:
        with self._changed:
            self._paused = False
            self._changed.notify_all()

    def wait_while_paused(self) -> None:
        """Block until `resume` or `stop`."""
        with self._changed:
            self._changed.wait_for(lambda: not self.is_paused)
