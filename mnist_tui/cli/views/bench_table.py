"""The results of `bench`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from mnist_tui.bench import BenchResult

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
