"""The epoch table: one row per epoch, the best marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from mnist_tui.events import EpochFinished
from mnist_tui.render import formatting
from mnist_tui.runs.epoch_columns import ColumnLayout, EpochColumn, layouts
from mnist_tui.runs.history import RunHistory

# More columns than any table needs.
_UNBOUNDED = 1000


def epoch_table(history: RunHistory, *, newest: int | None = None) -> RenderableType:
    """The table of a run under its title, or only its `newest` rows where there is no room for all."""
    rows = history.rows
    shown = rows if newest is None else rows[-newest:]
    # Not as the table's own title, which would be markup, and broken where the table ends.
    return Group(Text(title(history), style="bold"), _Rows(shown, history.best, list(layouts(rows))))


@dataclass(frozen=True)
class _Rows:
    """The rows in the columns that fit: a column is left out whole rather than its values cut."""

    rows: Sequence[EpochFinished]
    best: EpochFinished | None
    layouts: Sequence[ColumnLayout]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        unbounded = options.update(max_width=_UNBOUNDED)
        for layout in self.layouts:
            table = self._table(layout)
            if console.measure(table, options=unbounded).maximum <= options.max_width:
                break
        yield table

    def _table(self, layout: ColumnLayout) -> Table:
        table = Table(
            box=box.SIMPLE_HEAD,
            pad_edge=False,
            padding=(0, 1, 0, 0),  # narrow gaps, so that a table with validation columns fits 80 columns
        )
        for _, heading in layout:
            table.add_column(heading, justify="right", no_wrap=True)
        for row in self.rows:
            is_best = self.best is not None and row.epoch == self.best.epoch
            texts = (cell(column, row, is_best=is_best) for column, _ in layout)
            table.add_row(*texts, style="bold green" if is_best else "")
        return table


def cell(column: EpochColumn, row: EpochFinished, *, is_best: bool) -> str:
    """The text of a row in a column; the best epoch has a star."""
    text = formatting.figure(column.kind, getattr(row, column.field))
    return f"★ {text}" if is_best and column.field == "epoch" else text


def title(history: RunHistory) -> str:
    """What is trained on what, so that a screenshot of the table is complete."""
    record = history.record
    if record is None:
        return ""
    is_fallback = any(notice.topic == "data" and "instead" in notice.message for notice in history.notices)
    parts = (
        f"{record.data.name or '?'}{', not MNIST' if is_fallback else ''}",
        record.model.name or "?",
        f"recipe {record.text('recipe') or '?'}",
        str(record.machine),
        f"seed {record.text('seed') or '?'}",
    )
    return " · ".join(parts)
