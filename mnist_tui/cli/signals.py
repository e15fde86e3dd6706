"""Ctrl+C, SIGTERM and SIGHUP as wishes to stop: the first is answered with a checkpoint, the second at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from mnist_tui.control import Control

_REASONS = {"SIGINT": "interrupted by Ctrl+C", "SIGTERM": "terminated", "SIGHUP": "the terminal was closed"}


class Caught:
    """The signal that came, if any."""

    number: int | None = None

    @property
    def exit_code(self) -> int:
        """128 plus the signal, as shells count; 130 where there was none."""
        return 128 + (self.number or signal.SIGINT)


@contextmanager
def stopping(control: Control) -> Iterator[Caught]:
    """While inside, signals ask `control` to stop; afterwards the handlers are what they were."""
    caught = Caught()

    def handle(number: int, _frame: FrameType | None) -> None:
        if caught.number is not None:
            os._exit(128 + number)  # asked twice: leave without waiting for anything
        caught.number = number
        control.stop(_REASONS[signal.Signals(number).name])

    names = [name for name in _REASONS if hasattr(signal, name)]
    before = {name: signal.signal(getattr(signal, name), handle) for name in names}
    try:
        yield caught
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)
