"""Ctrl+C, SIGTERM and SIGHUP: a request to stop while there is work to save, an immediate end before that.

Restores the terminal for the shell when Ctrl+Z or SIGQUIT interrupts a live display.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import typer

from mnist_tui.cli import cursor
from mnist_tui.cli.output import print_error, redirect_to_null
from mnist_tui.errors import Interrupted
from mnist_tui.training.control import Control

_REASONS = {"SIGINT": "interrupted by Ctrl+C", "SIGTERM": "terminated", "SIGHUP": "the terminal was closed"}


class CaughtSignal:
    """The signal that was received, if any."""

    number: int | None = None

    @property
    def exit_code(self) -> int:
        """128 plus the signal's number, as shells have it; 130 without a signal."""
        return 128 + (self.number or signal.SIGINT)


NOTHING_STARTED = "Nothing was started; run it again."


@contextmanager
def stop_on_signal(control: Control, *, remedy: str = "") -> Iterator[CaughtSignal]:
    """Within the context, a signal requests a stop from `control`, and a second one ends the process.

    Interrupted, which a stop before there is anything to save raises, becomes the signal's exit code; with `remedy` it
    is printed.
    """
    caught = CaughtSignal()
    terminals = [stream for stream in (1, 2) if os.isatty(stream)]

    def handle(number: int) -> None:
        if caught.number is not None:
            _leave(number)
        caught.number = number
        if number == getattr(signal, "SIGHUP", None):
            cursor.show()  # in case the terminal is still there
            redirect_to_null(*terminals)  # it is gone, and every write to it would fail
        control.stop(_REASONS[signal.Signals(number).name])

    try:
        with _handling(handle):
            yield caught
    except Interrupted as interruption:
        if remedy:
            print_error(str(interruption), remedy)
        raise typer.Exit(caught.exit_code) from None


@contextmanager
def exit_on_signal() -> Iterator[None]:
    """Within the context, a signal ends the process: imports take seconds and can swallow an exception."""
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
    """Pass signals to `handle`, and restore the handlers afterwards."""

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
