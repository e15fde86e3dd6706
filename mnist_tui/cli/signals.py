"""Ctrl+C, SIGTERM and SIGHUP: a request to stop while there is work to save, an immediate end before that.

Restores the terminal for the shell when Ctrl+Z or SIGQUIT interrupts a live display.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from mnist_tui.cli import cursor
from mnist_tui.cli.output import discard
from mnist_tui.training.control import Control

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
    """While inside, a signal asks `control` to stop and a second one leaves at once."""
    caught = Caught()
    terminals = [stream for stream in (1, 2) if os.isatty(stream)]

    def handle(number: int) -> None:
        if caught.number is not None:
            _leave(number)
        caught.number = number
        if number == getattr(signal, "SIGHUP", None):
            cursor.show()  # for a terminal that has only been said to be closed
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
    cursor.show()
    os._exit(128 + number)


def _suspend(number: int, _frame: FrameType | None) -> None:
    """Ctrl+Z: stop as by default, until `fg`."""
    cursor.show()
    handler = signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)
    signal.signal(number, handler)
    cursor.hide_again()


def _quit(number: int, _frame: FrameType | None) -> None:
    r"""Ctrl+\: end as by default, perhaps with a core dump."""
    cursor.show()
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)


@contextmanager
def _handling(handle: Callable[[int], None]) -> Iterator[None]:
    """Signals go to `handle`; afterwards the handlers are what they were."""

    def handler(number: int, _frame: FrameType | None) -> None:
        handle(number)

    handlers = {**dict.fromkeys(_REASONS, handler), "SIGTSTP": _suspend, "SIGQUIT": _quit}
    wanted = {getattr(signal, name): own for name, own in handlers.items() if hasattr(signal, name)}
    before = {number: signal.getsignal(number) for number in wanted}
    # What is ignored stays so: nohup and a shell's background jobs rely on it.
    before = {number: former for number, former in before.items() if former != signal.SIG_IGN}
    for number in before:
        signal.signal(number, wanted[number])
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)
