"""A stopwatch that can be paused, and a throttle for what may happen only every so often."""

from __future__ import annotations

import time


class Stopwatch:
    """Seconds between `start` and `stop`, added up."""

    def __init__(self, seconds: float = 0.0) -> None:
        self._before = seconds
        self._started: float | None = None

    @property
    def seconds(self) -> float:
        """The total so far, including the time since an unfinished `start`."""
        running = 0.0 if self._started is None else time.monotonic() - self._started
        return self._before + running

    @property
    def is_running(self) -> bool:
        return self._started is not None

    def start(self) -> None:
        """Continue; does nothing while it is running."""
        if self._started is None:
            self._started = time.monotonic()

    def stop(self) -> None:
        """Pause until the next `start`."""
        self._before, self._started = self.seconds, None


class Throttle:
    """Allows something at most once per `interval` seconds: at once for the first time, or only after one interval."""

    def __init__(self, interval: float, *, at_once: bool = False) -> None:
        self._interval = interval
        self._next = time.monotonic() + (0.0 if at_once else interval)

    def is_due(self) -> bool:
        """Whether the interval has passed; if so, the next one begins."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + self._interval
        return True
