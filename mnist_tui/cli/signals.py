"""Ctrl+C, SIGTERM and SIGHUP: while there is something to keep a wish to stop, before that the end at once."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from mnist_tui.cli.output import discard
from mnist_tui.control import Control

_REASONS = {"SIGINT": "interrupted by Ctrl+C", "SIGTERM": "terminated", "SIGHUP": "the terminal was closed"}
_SHOW_CURSOR = b"\x1b[?25h"


class Caught:
    """The signal that came, if any."""

    number: int | None = None

    @property
    def exit_code(self) -> int:
        """128 plus the signal, as shells count; 130 where there was none."""
        return 128 + (self.number or signal.SIGINT)


@contextmanager
def stopping(control: Control) -> Iterator[Caught]:
    """While inside, a signal asks `control` to stop and a second one leaves at once."""
    caught = Caught()
    terminals = [stream for stream in (1, 2) if os.isatty(stream)]

    def handle(number: int) -> None:
        if caught.number is not None:
            _leave(number)
        caught.number = number
        if number == getattr(signal, "SIGHUP", None):
            discard(*terminals)  # gone, and every write to them would fail
        control.stop(_REASONS[signal.Signals(number).name])

    with _handling(handle):
        yield caught


@contextmanager
def leaving_at_once() -> Iterator[None]:
    """While inside, a signal ends the process: for imports, which take seconds and can swallow an exception."""
    with _handling(_leave):
        yield


def _leave(number: int) -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream.isatty():
            os.write(stream.fileno(), _SHOW_CURSOR)
    os._exit(128 + number)


@contextmanager
def _handling(handle: Callable[[int], None]) -> Iterator[None]:
    """Signals go to `handle`; afterwards the handlers are what they were."""

    def handler(number: int, _frame: FrameType | None) -> None:
        handle(number)

    numbers = [getattr(signal, name) for name in _REASONS if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    # What is ignored stays so: nohup and a shell's background jobs rely on it.
    before = {number: former for number, former in before.items() if former != signal.SIG_IGN}
    for number in before:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)
