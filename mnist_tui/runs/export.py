"""Exporting a run's epoch table as CSV, JSON and Markdown. No torch."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from mnist_tui.events import EpochFinished, finite_or_none
from mnist_tui.runs import published_results
from mnist_tui.runs.epoch_columns import EPOCH_COLUMNS
from mnist_tui.runs.history import RunHistory

# The order of these in the files is older than that of the tables.
_LAST = ("seconds", "images_per_second", "best")
COLUMNS = (*(column.field for column in EPOCH_COLUMNS if column.field not in _LAST), *_LAST)


def epoch_rows(history: RunHistory) -> list[dict[str, Any]]:
    """One dictionary per epoch, in order; numbers that are not finite or not known are None."""
    return [{name: finite_or_none(getattr(row, name)) for name in COLUMNS} for row in history.rows]


def export_epochs(history: RunHistory, format: str) -> str:
    """The table as text: `csv` (with a header), `json` (a list of objects) or `markdown` (for people)."""
    rows = epoch_rows(history)
    if format == "markdown":
        return _markdown(history)
    if format == "json":
        return json.dumps(rows, indent=2) + "\n"
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _markdown(history: RunHistory) -> str:
    """The rows beside the published ones, as far as those are known."""
    theirs = {row.epoch: row for row in published_results.EPOCHS}
    best = history.best
    lines = [
        "| epoch | train loss | train % | test loss | test % | published: train loss | train % | test loss | test % |",
        "|" + " ---: |" * 9,
    ]
    for row in history.rows:
        mark = "**" if best is not None and row.epoch == best.epoch else ""
        lines.append(f"| {mark}{row.epoch}{mark} | {_figures(row, mark)} | {_figures(theirs.get(row.epoch))} |")
    return "\n".join(lines) + "\n"


def _figures(row: EpochFinished | published_results.PublishedEpoch | None, mark: str = "") -> str:
    if row is None:
        return " | | | "
    return (
        f"{row.train_loss:.4f} | {100 * row.train_accuracy:.2f} | {row.test_loss:.4f} "
        f"| {mark}{100 * row.test_accuracy:.2f}{mark}"
    )
