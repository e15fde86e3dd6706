"""`train` without a terminal: a line per epoch, in color if requested, without redrawing."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.text import Text

from mnist_tui.cli.views.run_statistics import statistics_panel
from mnist_tui.events import (
    DataProgress,
    EpochFinished,
    EpochStarted,
    Event,
    Notice,
    Preparing,
    RunPaused,
    RunResumed,
    RunStarted,
)
from mnist_tui.render import formatting
from mnist_tui.render.epoch_table import title
from mnist_tui.runs.epoch_columns import Kind, columns
from mnist_tui.runs.history import RunHistory


class PlainView:
    """Prints results to `out`, and notices and slow preparations to `err`."""

    def __init__(self, out: Console, err: Console, before: RunHistory | None = None) -> None:
        """`before` is the history of a run that is resumed."""
        self.history = before or RunHistory()
        self._out, self._err = out, err
        self._run = ""
        self._titled = False
        self._doing = ""

    def __enter__(self) -> PlainView:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def conclude(self, console: Console) -> None:
        console.print(statistics_panel(self.history))

    def show(self, event: Event) -> None:
        self.history.apply(event)
        match event:
            case DataProgress() if event.stage != "checking":  # files on disk take no time
                self._print_preparation(f"{event.stage} {event.dataset} {event.item}")
            case Preparing():
                self._print_preparation(event.what)
            case RunStarted():
                self._run = event.run
            case EpochStarted() if not self._titled:  # after the notices, on which the title depends
                self._titled = True
                _print_line(self._out, f"run {self._run}: {title(self.history)}", "bold")
                for row in self.history.rows:
                    self._print_epoch(row)
            case EpochFinished():
                self._print_epoch(event)
            case Notice():
                _print_line(self._err, f"notice: {event.message}", "yellow")
            case RunPaused() | RunResumed():
                _print_line(self._err, f"{self.history.status} at step {event.step:,}")

    def _print_epoch(self, row: EpochFinished) -> None:
        _print_line(self._out, epoch_line(row), "green" if row.best else "")

    def _print_preparation(self, doing: str) -> None:
        """A line per preparation, however many events report it."""
        if doing != self._doing:
            self._doing = doing
            _print_line(self._err, f"{doing} …")


def _print_line(console: Console, line: str, style: str = "") -> None:
    """Without wrapping or markup: the text may come from a file."""
    console.print(Text(line, style=style), soft_wrap=True)


# How wide each kind of figure is, so that the lines align.
_WIDTHS: Mapping[Kind, int] = {"accuracy": 7, "time": 6}


def epoch_line(row: EpochFinished) -> str:
    """`epoch  3/15  train 0.1472 95.69 %  test 0.0752 97.98 %  lr 0.01000   9.0 s  best`."""
    line = f"epoch {row.epoch:>{len(str(row.epochs))}}/{row.epochs}"
    for column in columns([row]):
        if column.prefix is not None:
            text = formatting.figure(column.kind, getattr(row, column.field), unit=True)
            line += f"{column.prefix}{text:>{_WIDTHS.get(column.kind, 0)}}"
    return f"{line}  best" if row.best else line
