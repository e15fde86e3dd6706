"""How somebody outside the loop asks it to stop, to pause, or to be looked at."""

from __future__ import annotations

import threading

from mnist_tui.training.snapshot import SnapshotSlot


class Control:
    """Thread-safe wishes. Asking never waits; the trainer answers at the end of its current step."""

    def __init__(self) -> None:
        self.snapshots = SnapshotSlot()
        """The network as it was a moment ago; answered between two events."""
        self._changed = threading.Condition()
        self._stop_reason = ""
        self._paused = False

    @property
    def requested(self) -> bool:
        """Whether the trainer has anything to answer; cheap enough for every step."""
        return self._paused or bool(self._stop_reason)

    @property
    def stop_reason(self) -> str:
        """Why the run should end; empty while it should not."""
        return self._stop_reason

    @property
    def paused(self) -> bool:
        """Whether training should wait."""
        return self._paused and not self._stop_reason

    def stop(self, reason: str = "asked to stop") -> None:
        """Ask for the end of the run. The first reason stays."""
        with self._changed:
            self._stop_reason = self._stop_reason or reason
            self._changed.notify_all()

    def pause(self) -> None:
        """Ask training to wait at the end of its step."""
        with self._changed:
            self._paused = True

    def resume(self) -> None:
        """Let training go on."""
        with self._changed:
            self._paused = False
            self._changed.notify_all()

    def wait_while_paused(self) -> None:
        """Block until `resume` or `stop`."""
        with self._changed:
            self._changed.wait_for(lambda: not self.paused)
