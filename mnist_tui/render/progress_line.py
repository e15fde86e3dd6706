"""The progress of a run: a bar for the epoch, speed, and the time left."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from mnist_tui.events import DataProgress, Preparing
from mnist_tui.render import formatting
from mnist_tui.runs.history import RunHistory


def progress_lines(history: RunHistory) -> RenderableType:
    """Two lines, each of which fits 80 columns."""
    now, left = history.progress, history.time_left()
    if now is None:
        return Text("")
    ends = f"  {formatting.clock(left.epoch)} left" if left and now.phase == "training" else ""
    epoch = Text.assemble(("epoch ", "dim"), (f"{now.epoch}/{now.epochs}", "bold"), (f" {history.status}", "cyan"))
    steps = max(now.steps, 1)
    amount = Text(f"{100 * now.step // steps} %  {now.step:,}/{now.steps:,}{ends}")
    return Group(_bar(epoch, now.step, steps, amount), _figures(history))


def waiting_line(event: DataProgress | Preparing) -> RenderableType:
    """The progress of what training waits for."""
    if isinstance(event, DataProgress):
        return data_line(event)
    what = formatting.capitalize(event.what)
    if event.total is None:
        return Text(f"{what} …", style="dim")
    return _bar(what, event.done, event.total, f"{event.done / event.total:.0%}")


def data_line(event: DataProgress) -> RenderableType:
    """The progress of a dataset."""
    amount = formatting.amount(event.done, event.total, event.unit)
    return _bar(f"{event.stage} {event.item}", event.done, event.total, amount)


def _bar(what: RenderableType, done: int, total: int | None, amount: RenderableType) -> RenderableType:
    bar = Table.grid(padding=(0, 1), expand=True)
    bar.add_column(no_wrap=True)
    bar.add_column(ratio=1)
    bar.add_column(no_wrap=True, justify="right")
    bar.add_row(what, ProgressBar(total=total, completed=done), amount)
    return bar


def _figures(history: RunHistory) -> Text:
    now, best = history.progress, history.best
    assert now is not None  # the caller checks that
    parts = [f"loss {now.loss:.4f}", f"acc {formatting.percent(now.accuracy)}"]
    if now.images_per_second:
        parts.append(f"{now.images_per_second:,.0f} img/s")
    left = history.time_left()
    if left is not None:
        parts.append(f"run {formatting.clock(left.run)} left")
    if best is not None:
        parts.append(f"best {formatting.percent(best.test_accuracy)} @ {best.epoch}")
    return Text("  ".join(parts), style="dim", no_wrap=True, overflow="ellipsis")
