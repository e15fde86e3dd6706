"""The results of `bench` and of `bench --to`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mnist_tui.render import formatting

if TYPE_CHECKING:
    from mnist_tui.bench.throughput import BenchResult
    from mnist_tui.bench.time_to_accuracy import ContenderResult, TargetResult, TimeToAccuracy


EPOCH_IMAGES = 60_000


def bench_table(result: BenchResult) -> RenderableType:
    """A row per contestant: speed, and its ratio to the plain loop and to the peak."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("loop", no_wrap=True)
    for name in ("batch", "threads", "img/s", "per epoch", "× plain", "of peak"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in result.measurements:
        table.add_row(
            row.name,
            str(row.batch_size),
            str(row.threads),
            f"{row.images_per_second:,.0f}",
            f"{EPOCH_IMAGES / row.images_per_second:.1f} s",
            f"{row.ratio:.2f}",
            "unknown" if row.share_of_peak is None else f"{100 * row.share_of_peak:.1f} %",
        )
    facts = Text(
        f"{result.model} on {result.dataset}, {result.processor}, {result.cores} cores, "
        f"peak {result.peak_gflops:.0f} GFLOP/s ({result.peak}); "
        f"medians of {result.rounds} rounds of {result.images:,} images",
        style="dim",
    )
    return Group(table, facts)


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
