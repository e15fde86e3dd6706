"""A running sweep: a live table in a terminal, otherwise a line per trial."""

from __future__ import annotations

from rich.console import Console, Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from mnist_tui.cli.views.live import open_live
from mnist_tui.cli.views.sweep_tables import STYLES, facts, sweep_table
from mnist_tui.events import DataProgress, Notice, Preparing
from mnist_tui.render import formatting
from mnist_tui.render.progress_line import waiting_line
from mnist_tui.runs.history import RunHistory
from mnist_tui.sweep.plans import Trial
from mnist_tui.sweep.progress import (
    SweepEvent,
    SweepMessage,
    SweepProgress,
    SweepStarted,
    TrialEnded,
    TrialEvent,
    TrialStarted,
)
from mnist_tui.sweep.results import TrialResult, TrialStatus
from mnist_tui.system.timing import Throttle

# Seconds between two frames: a dozen processes report more than can be read.
_FRAME_SECONDS = 0.2

# Rows of the terminal that are neither combinations nor running trials.
_OTHER_ROWS = 8


class LiveSweepView:
    """A context manager that leaves the finished table on the screen."""

    def __init__(self, console: Console) -> None:
        self.progress = SweepProgress()
        self._console = console
        self._waiting: DataProgress | Preparing | None = None
        self._throttle = Throttle(_FRAME_SECONDS, at_once=True)
        self._live = open_live(console)

    def __enter__(self) -> LiveSweepView:
        self._live.start(refresh=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()
        _print_table(self.progress, self._console)

    def show(self, update: SweepEvent) -> None:
        self.progress.apply(update)
        match update:
            case SweepMessage(event=Notice() as event):
                self._print_line(f"Notice: {event.message}", "bold yellow")
            case SweepMessage(event=DataProgress() | Preparing() as event):
                self._waiting = event
            case TrialStarted() | TrialEvent() | TrialEnded():
                self._waiting = None
        if isinstance(update, TrialEnded) and update.result.status is TrialStatus.FAILED:
            self._print_line(f"{update.result.trial.label} failed: {update.result.reason}", "red")
        if self._throttle.is_due() or not isinstance(update, TrialEvent):
            self._live.update(self._frame(), refresh=True)

    def _print_line(self, text: str, style: str) -> None:
        self._live.console.print(Text(text, style=style))

    def _frame(self) -> RenderableType:
        progress = self.progress
        if progress.started is None:
            return waiting_line(self._waiting) if self._waiting else Text("Loading torch …", style="dim")
        running = [_job_line(trial, history) for trial, history in progress.running.values()]
        most = max(1, self._console.size.height // 3)
        left_out = [Text(f"… and {len(running) - most} more running", style="dim")] if len(running) > most else []
        room = self._console.size.height - _OTHER_ROWS - min(len(running), most)
        lines = [waiting_line(self._waiting)] if self._waiting else []
        table = sweep_table(progress.started.plan, list(progress.results.values()), room=max(3, room))
        return Group(table, *running[:most], *left_out, *lines, _overall(progress))


class PlainSweepView:
    """Prints a line per finished trial to `console`, and the rest to `err`."""

    def __init__(self, console: Console, err: Console) -> None:
        self.progress = SweepProgress()
        self._console, self._err = console, err
        self._last = ""

    def __enter__(self) -> PlainSweepView:
        return self

    def __exit__(self, *_: object) -> None:
        _print_table(self.progress, self._console)

    def show(self, update: SweepEvent) -> None:
        self.progress.apply(update)
        match update:
            case SweepStarted():
                total = self.progress.total
                waiting = f"{total - self.progress.ended} of {total} trials to do"
                self._print_line(f"sweep {update.plan.name}: {waiting}, {update.jobs} at a time")
            case SweepMessage(event=Notice() as event):
                self._print_line(f"notice: {event.message}")
            case SweepMessage(event=Preparing() as event):
                self._print_line(f"{event.what} …")
            case SweepMessage(event=DataProgress() as event) if event.stage == "fetching":
                self._print_line(f"{event.stage} {event.dataset} {event.item} …")
            case TrialStarted() if update.is_resumed:
                self._print_line(f"resuming {update.trial.name}")
            case TrialEnded():
                self._console.print(self._line(update.result), soft_wrap=True)

    def _print_line(self, text: str) -> None:
        if text != self._last:
            self._last = text
            self._err.print(Text(text), soft_wrap=True)

    def _line(self, result: TrialResult) -> Text:
        """`[ 3/20] lr=0.005 seed=2  valid 99.31 %  0:41`."""
        assert self.progress.started is not None  # a trial has ended
        total, on = self.progress.total, self.progress.started.plan.on
        head = f"[{self.progress.ended:>{len(str(total))}}/{total}] {result.trial.label}  "
        if result.status is TrialStatus.FINISHED:
            accuracy = formatting.figure("accuracy", result.accuracy(on), unit=True)
            return Text(f"{head}{on} {accuracy}  {formatting.duration(result.seconds)}")
        return Text(f"{head}{result.status.value}: {result.reason}")


def _print_table(progress: SweepProgress, console: Console) -> None:
    if progress.started is not None:
        results = list(progress.results.values())
        console.print(sweep_table(progress.started.plan, results))
        console.print(facts(progress.started.plan, results))


def _job_line(trial: Trial, history: RunHistory) -> RenderableType:
    """A running trial: its progress and time left, without accuracies, which nothing should be chosen by yet."""
    line = Table.grid(padding=(0, 1), expand=True)
    line.add_column(ratio=2, no_wrap=True, overflow="ellipsis")
    line.add_column(ratio=1)
    line.add_column(no_wrap=True, justify="right")
    now, left, epochs = history.progress, history.time_left(), trial.config.all_epochs
    part = now.step / max(now.steps, 1) if now and now.phase == "training" else 1.0 if now else 0.0
    done = now.epoch - 1 + part if now else len(history.epochs)
    figures = f"epoch {min(int(done) + 1, epochs)}/{epochs}"
    if left is not None:
        figures += f"  {formatting.clock(left.run)} left"
    line.add_row(
        Text(trial.label, style=STYLES[TrialStatus.RUNNING]),
        ProgressBar(total=epochs, completed=done),
        Text(figures, style="dim"),
    )
    return line


def _overall(progress: SweepProgress) -> Text:
    failed = progress.counts[TrialStatus.FAILED]
    text = Text(f"{progress.ended} of {progress.total} trials done, {len(progress.running)} running", style="dim")
    return text.append(f", {failed} failed", style="red") if failed else text
