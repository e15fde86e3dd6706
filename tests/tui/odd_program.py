"""`python odd_program.py ODDITY… -- train …` is `mnist-tui train …` with easy digits, and with odd things in it.

Each oddity makes one moment long enough to be met, or breaks one thing.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

from tests.cli import easy_digits

Report = Callable[[Any], None]

ODDITIES: set[str] = set()


def draw(count: int, seed: int, *, progress: Callable[[int], None]) -> tuple[Any, Any]:
    """As easy digits are, but perhaps in an odd way."""
    for done in range(0, count, 100) if "slow-drawing" in ODDITIES else ():
        progress(done)
        time.sleep(0.05)
    if "silent-drawing" in ODDITIES:
        time.sleep(3600)
    return easy_digits.draw(count, seed, progress=progress)


def slow_testing() -> None:
    """Every image is tested by itself, and slowly."""
    from mnist_tui.training import evaluate

    before = evaluate.Scorer.__iter__

    def slowly(scoring: Any) -> Any:
        for done in before(scoring):
            time.sleep(0.02)
            yield done

    evaluate.BATCH = 10
    evaluate.Scorer.__iter__ = slowly  # type: ignore[method-assign]


def slow_steps() -> None:
    """Twenty a second."""
    from mnist_tui.training.trainer import Trainer

    before = Trainer._take_step

    def slowly(*arguments: Any) -> None:
        time.sleep(0.05)
        before(*arguments)

    Trainer._take_step = slowly  # type: ignore[method-assign]


def slow_checkpoints() -> None:
    """Written in a second, as on a bad disk."""
    from mnist_tui.training import checkpoint

    before = checkpoint.save_state

    def slowly(*arguments: Any) -> None:
        time.sleep(1)
        before(*arguments)

    checkpoint.save_state = slowly


def stuck_checkpoints() -> None:
    """Never written."""
    from mnist_tui.training import checkpoint

    checkpoint.save_state = lambda *_: time.sleep(3600)


def noise() -> None:
    """A worker that prints, warns, and writes past Python: then a child that does."""

    def make(report: Report) -> Report:
        def report_event(event: Any) -> None:
            if type(event).__name__ == "Progress":
                print("NOISE on stdout")
                print("NOISE on stderr", file=sys.stderr)
                warnings.warn("NOISE of a warning", stacklevel=1)
                os.write(1, b"NOISE on descriptor 1\n")
                os.write(2, b"NOISE on descriptor 2\n")
            report(event)

        return report_event

    _every_report(make)


def broken_worker() -> None:
    """An unexpected error in the middle of training."""

    def make(report: Report) -> Report:
        def report_event(event: Any) -> None:
            if type(event).__name__ == "EpochFinished":
                raise LookupError("the worker broke")
            report(event)

        return report_event

    _every_report(make)


def broken_start() -> None:
    """The same before there is a run."""
    from mnist_tui import runs

    def refuse(*_: Any, **__: Any) -> Any:
        raise LookupError("the start broke")

    runs.create = refuse


def broken_screen() -> None:
    """The same while drawing."""
    from mnist_tui.tui.widgets.tables.epoch_table import EpochTable

    def refuse(_table: Any, history: Any) -> None:
        if history.epochs:
            raise LookupError("the screen broke")

    EpochTable.advance = refuse  # type: ignore[method-assign]


def full_pipe() -> None:
    """`?` is answered by a loop so busy that its wake-up calls pile up; just then a new size comes, and SIGTERM."""
    from mnist_tui.tui.base_app import BaseApp

    def be_busy(_app: Any) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(10_000):
            loop.call_soon_threadsafe(lambda: None)
        signal.raise_signal(signal.SIGWINCH)
        signal.raise_signal(signal.SIGTERM)

    BaseApp.action_help = be_busy  # type: ignore[method-assign]


def _every_report(make: Callable[[Report], Report]) -> None:
    from mnist_tui.training import run_training

    before = run_training.start_run

    def start(*arguments: Any, report: Report, **options: Any) -> Any:
        return before(*arguments, report=make(report), **options)

    run_training.start_run = start


_ODDITIES = {
    "slow-steps": slow_steps,
    "slow-testing": slow_testing,
    "slow-checkpoints": slow_checkpoints,
    "stuck-checkpoints": stuck_checkpoints,
    "noise": noise,
    "broken-worker": broken_worker,
    "broken-start": broken_start,
    "broken-screen": broken_screen,
    "full-pipe": full_pipe,
}


def main() -> None:
    sys.modules["mnist_tui.data.synthetic"] = easy_digits.module(draw)
    for name in ODDITIES:
        if name in _ODDITIES:
            _ODDITIES[name]()
    from mnist_tui.cli import main as program

    program()


if __name__ == "__main__":
    end = sys.argv.index("--")
    ODDITIES, sys.argv[:] = set(sys.argv[1:end]), ["mnist-tui", *sys.argv[end + 1 :]]
    main()
