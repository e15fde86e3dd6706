"""The results of `bench --to`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mnist_tui.render import formatting

if TYPE_CHECKING:
    from mnist_tui.bench.time_to_accuracy import ContenderResult, TargetResult, TimeToAccuracy


def time_table(result: TimeToAccuracy) -> RenderableType:
    """A row per loop and target: how many rounds reached it, their median time, and when the mean reached it."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("loop", no_wrap=True)
    for name in ("batch", "final", "in all", "to %", "times", "median", "mean at", "× plain"):
        table.add_column(name, justify="right", no_wrap=True)
    for contender in result.racers:
        for number, reached in enumerate(contender.reached):
            head = _head(contender) if number == 0 else [""] * 4
            table.add_row(*head, *_cells(reached, result.rounds))
    facts = Text(
        f"{result.dataset}, {result.processor}, {result.cores} cores, rounds: {result.rounds}, each with its own "
        "seed.\nSeconds are of training alone: steps and augmentation, not evaluation, data or compiling. "
        "median: of the rounds that reached it. mean at: when the mean of all rounds did (epoch).",
        style="dim",
    )
    return Group(table, facts)


def _head(contender: ContenderResult) -> list[str]:
    return [
        contender.name,
        str(contender.config.batch_size),
        formatting.bare_percent(contender.accuracy),
        formatting.duration(contender.seconds),
    ]


def _cells(reached: TargetResult, rounds: int) -> list[str]:
    mean = "never"
    if reached.mean_seconds is not None:
        mean = f"{formatting.duration(reached.mean_seconds)} ({reached.mean_epoch})"
    return [
        formatting.bare_percent(reached.target),
        f"{reached.rounds}/{rounds}",
        "–" if reached.median_seconds is None else formatting.duration(reached.median_seconds),
        mean,
        "–" if reached.sooner is None else f"{reached.sooner:.1f}",
    ]
