"""The epoch table: one row an epoch, the best one marked, the newest one in view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.events import Click, Resize
from textual.widgets import DataTable, Static

from mnist_tui.events import EpochFinished
from mnist_tui.render.epoch_table import cell
from mnist_tui.runs.epoch_columns import is_validated
from mnist_tui.runs.history import RunHistory
from mnist_tui.tui.history_cursors import EpochCursor
from mnist_tui.tui.widgets.frame.panel import Panel
from mnist_tui.tui.widgets.tables.epoch_columns import FittedColumn, fitting


class EpochRows(DataTable[Text]):
    """The rows themselves."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"epoch-rows--best"}
    DEFAULT_CSS = """
    EpochRows {
        height: 1fr;
        background: transparent;
        overflow-x: hidden;
        & > .datatable--header { background: transparent; color: $foreground 60%; text-style: none; }
        &:focus > .datatable--header { background: transparent; color: $foreground; }
        & > .epoch-rows--best { color: $text-success; text-style: bold; }
    }
    """

    def __init__(self) -> None:
        super().__init__(cursor_type="none", cell_padding=0)

    def on_mount(self) -> None:
        """Stay at the newest row; scrolling up lets go, scrolling down to the end takes hold again."""
        self.anchor()

    def on_click(self, event: Click) -> None:
        """Nothing: no row is chosen here, and what heads a column that has gone would be looked up in vain."""
        event.prevent_default()

    def rule(self, columns: Sequence[FittedColumn]) -> None:
        """Begin again, with these columns."""
        self.clear(columns=True)
        for column in columns:
            self.add_column(Text(column.head, justify="right"), width=column.width, key=column.column.field)

    def put(self, row: EpochFinished, columns: Sequence[FittedColumn], *, best: bool) -> None:
        """Add a row, or write it anew."""
        style = self.get_component_rich_style("epoch-rows--best", partial=True) if best else ""
        written = [Text(cell(one.column, row, is_best=best), style, justify="right") for one in columns]
        key = str(row.epoch)
        if key not in self.rows:
            self.add_row(*written, key=key)
            return
        for column, text in zip(columns, written, strict=True):
            self.update_cell(key, column.column.field, text)


class EpochTable(Panel):
    """The frame around the rows: it chooses the columns that fit and knows which row is best."""

    DEFAULT_CSS = """
    EpochTable {
        & > .empty { height: 1fr; content-align: center middle; color: $foreground 60%; }
        &.-empty > EpochRows { display: none; }
        &.-filled > .empty { display: none; }
    }
    """

    def __init__(self) -> None:
        super().__init__("Epochs")
        self.add_class("-empty")
        self.rows = EpochRows()
        self._cursor = EpochCursor()
        self._columns: list[FittedColumn] = []
        self._kept: list[EpochFinished] = []
        self.best: EpochFinished | None = None
        """`RunHistory.best`, kept as the rows come in rather than looked for in all of them."""
        self._validated = False

    def compose(self) -> ComposeResult:
        """The rows, or what is said while there are none."""
        yield self.rows
        yield Static("No epoch is finished yet", classes="empty")

    def on_mount(self) -> None:
        """The best row carries a colour of the theme."""
        self.app.theme_changed_signal.subscribe(self, lambda _: self._rule())

    def on_resize(self, _: Resize) -> None:
        """Other columns may fit now."""
        self._fit()

    def show(self, history: RunHistory) -> None:
        """Another run."""
        self._cursor = EpochCursor()
        self._forget()
        self.advance(history)

    def advance(self, history: RunHistory) -> None:
        """Add the rows that are new."""
        restart, rows = self._cursor.news(history)
        if restart:
            self._forget()
        if not rows and not restart:
            return
        self._kept += rows
        self._validated |= is_validated(rows)
        self._show_rows(bool(self._kept))
        if not self._fit():
            self._add(rows)

    def _forget(self) -> None:
        self._kept, self.best, self._validated = [], None, False
        self.rows.clear()
        self._show_rows(False)

    def _show_rows(self, there_are: bool) -> None:
        self.set_class(there_are, "-filled").set_class(not there_are, "-empty")

    def _fit(self) -> bool:
        """Choose the columns; whether that meant writing all rows anew."""
        columns = fitting(self.content_size.width - 1, self._validated)  # a cell for the scrollbar
        if columns == self._columns:
            return False
        self._columns = columns
        self._rule()
        return True

    def _rule(self) -> None:
        self.best = None
        self.rows.rule(self._columns)
        self._add(self._kept)

    def _add(self, rows: Sequence[EpochFinished]) -> None:
        before = self.best
        best = next((row for row in reversed(rows) if row.best), before)
        self.best = best
        for row in rows:
            self._put(row)
        if before is not None and before is not best:
            self._put(before)

    def _put(self, row: EpochFinished) -> None:
        self.rows.put(row, self._columns, best=row is self.best)
