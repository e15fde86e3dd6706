"""`train` off a terminal: one line an epoch, no control codes."""

from __future__ import annotations

from typing import TextIO

from rich.console import Console

from mnist_tui.events import EpochFinished, Event, Notice, RunPaused, RunResumed, RunStarted
from mnist_tui.history import RunHistory
from mnist_tui.render import words
from mnist_tui.render.statistics import statistics_panel
from mnist_tui.render.epoch_table import title


class PlainView:
    """Results to `out`, notices to `err`."""

    def __init__(self, out: TextIO, err: TextIO) -> None:
        self.history = RunHistory()
        self._out, self._err = out, err

    def __enter__(self) -> PlainView:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def conclude(self, console: Console) -> None:
        """The statistics of the finished run."""
        console.print(statistics_panel(self.history))

    def show(self, event: Event) -> None:
        """Take an event in; write a line where it is one to keep."""
        self.history.apply(event)
        match event:
            case RunStarted():
                print(f"run {event.run}: {title(self.history)}", file=self._out, flush=True)
            case EpochFinished():
                print(epoch_line(event), file=self._out, flush=True)
            case Notice():
                print(f"notice: {event.message}", file=self._err, flush=True)
            case RunPaused() | RunResumed():
                print(f"{self.history.status} at step {event.step:,}", file=self._err, flush=True)


def epoch_line(row: EpochFinished) -> str:
    """`epoch  3/15  train 0.1472 95.69 %  test 0.0752 97.98 %  lr 0.01000  9.0 s  best`."""
    validation = ""
    if row.validation_accuracy is not None:
        validation = f"  val {words.loss(row.validation_loss)} {words.percent(row.validation_accuracy)}"
    return (
        f"epoch {row.epoch:>{len(str(row.epochs))}}/{row.epochs}"
        f"  train {words.loss(row.train_loss)} {words.percent(row.train_accuracy)}{validation}"
        f"  test {words.loss(row.test_loss)} {words.percent(row.test_accuracy)}"
        f"  lr {words.rate(row.learning_rate)}  {words.duration(row.seconds)}{'  best' if row.best else ''}"
    )
