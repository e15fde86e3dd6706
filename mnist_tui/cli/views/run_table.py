"""All runs, one per line."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.markup import escape
from rich.table import Table

from mnist_tui.render import formatting
from mnist_tui.runs.summary import RunSummary

_STYLES = {
    "finished": "green",
    "failed": "red",
    "interrupted": "yellow",
    "stopped": "yellow",
    "training": "cyan",
}


def run_table(summaries: Sequence[RunSummary]) -> Table:
    """Name, status, epochs, accuracies, parameters and time of each run."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("run", overflow="fold")
    table.add_column("status")
    for name in ("epochs", "best %", "final %", "params", "time"):
        table.add_column(name, justify="right", no_wrap=True)
    for summary in summaries:
        style = _STYLES.get(summary.status, "")
        table.add_row(
            escape(summary.name),
            f"[{style}]{summary.status}[/]" if style else summary.status,
            f"{summary.epochs_done}/{summary.epochs}",
            formatting.bare_percent(summary.best_test_accuracy),
            formatting.bare_percent(summary.final_test_accuracy),
            "–" if summary.parameters is None else f"{summary.parameters:,}",
            formatting.duration(summary.seconds),
        )
    return table
