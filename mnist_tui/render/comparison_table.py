"""Runs side by side: their numbers, and the settings that differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich import box
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from mnist_tui.render import formatting
from mnist_tui.runs.compare import Comparison


def numbers_table(comparison: Comparison) -> Table:
    """One row per run, numbered as the columns of `differences_table`."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("", justify="right", style="bold")
    table.add_column("run", overflow="fold")
    table.add_column("status", no_wrap=True)
    for head in ("epochs", "best %", "final %", "loss", "s/epoch"):
        table.add_column(head, justify="right", no_wrap=True)
    for number, run in enumerate(comparison.runs, 1):
        summary = run.summary
        table.add_row(
            str(number),
            escape(summary.name),
            summary.status,
            f"{summary.epochs_done}/{summary.epochs}",
            formatting.bare_percent(summary.best_test_accuracy),
            formatting.bare_percent(summary.final_test_accuracy),
            formatting.loss(run.final_test_loss),
            "–" if run.seconds_per_epoch is None else f"{run.seconds_per_epoch:.1f}",
        )
    return table


def differences_table(comparison: Comparison, heads: Sequence[Text], *, run_per_row: bool = False) -> Table:
    """One row per setting, one column per run under its heading; with `run_per_row` the other way round."""
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    if run_per_row:
        table.add_column("")
        for difference in comparison.differences:
            table.add_column(difference.setting, justify="right", overflow="fold")
        for at, head in enumerate(heads):
            table.add_row(head, *(Text(_value(difference.values[at])) for difference in comparison.differences))
        return table
    table.add_column("settings that differ", style="dim", no_wrap=True)
    for head in heads:
        table.add_column(head, justify="right", overflow="fold")
    for difference in comparison.differences:
        table.add_row(difference.setting, *(Text(_value(value)) for value in difference.values))
    return table


def _value(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:g}"
    text = str(value)
    is_hash = len(text) == 64 and " " not in text
    return text[:8] if is_hash else text
