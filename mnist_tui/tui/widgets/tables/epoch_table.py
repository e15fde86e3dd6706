"""The epoch table: one row per epoch, the best one marked, the newest one in view."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from mnist_tui.events import EpochFinished
from mnist_tui.render.epoch_table import cell
from mnist_tui.runs.epoch_columns import EpochColumn, Kind, layouts
from mnist_tui.runs.history import RunHistory
from mnist_tui.tui.history_cursors import EpochCursor
from mnist_tui.tui.widgets.frame.panel import Panel
from mnist_tui.tui.widgets.tables.table import AdaptiveTable, Column, Columns

# Each with the blank before it; an epoch leaves room for the star before it.
_WIDTHS: dict[Kind, int] = {"count": 6, "loss": 7, "accuracy": 7, "rate": 8, "speed": 8, "time": 8}
_ALONE_WIDTH = 9
# How much wider a column becomes at most.
_MOST_EXTRA = 5


class EpochRows(AdaptiveTable[EpochFinished]):
    """The rows. Their columns are spread over the width; headings are shortened before a column is left out."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"table--best"}
    DEFAULT_CSS = """
    EpochRows {
        height: 1fr;
        & > .table--head { text-style: none; }
        &:focus > .table--head { color: $foreground; }
        & > .table--best { color: $text-success; text-style: bold; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+home", "scroll_home", show=False),
        Binding("ctrl+end", "scroll_end", show=False),
    ]
    GAP = MARGIN = 0

    def __init__(self) -> None:
        super().__init__()
        self._best: EpochFinished | None = None

    def on_mount(self) -> None:
        # Stay at the newest row; scrolling up lets go, scrolling down to the end takes hold again.
        self.anchor()

    def show_epochs(self, rows: Sequence[EpochFinished], best: EpochFinished | None) -> None:
        """Replace all rows; `best` is marked."""
        self._best = best
        self.show(rows)
        self.refresh_changed()

    def layouts(self) -> Iterator[Columns[EpochFinished]]:
        for layout in layouts(self.rows):
            yield [self._column(column, heading) for column, heading in layout]

    def spread(self, columns: Columns[EpochFinished], spare: int) -> list[int]:
        each, rest = divmod(min(spare, _MOST_EXTRA * len(columns)), len(columns))
        return [each + (len(columns) - at <= rest) for at in range(len(columns))]

    def row_style(self, row: EpochFinished) -> str:
        return "table--best" if row is self._best else ""

    def _column(self, column: EpochColumn, heading: str) -> Column[EpochFinished]:
        width = max(_WIDTHS[column.kind], len(heading) + 1)
        if heading == column.alone:
            width = _ALONE_WIDTH
        return Column(heading, width, partial(self._cell, column), column.importance, right=True)

    def _cell(self, column: EpochColumn, row: EpochFinished) -> str:
        return cell(column, row, is_best=row is self._best)


class EpochTable(Panel):
    """The frame around the rows."""

    DEFAULT_CSS = """
    EpochTable {
        & > .empty { height: 1fr; content-align: center middle; color: $muted; }
        &.-empty > EpochRows { display: none; }
        &.-filled > .empty { display: none; }
    }
    """

    def __init__(self) -> None:
        super().__init__("Epochs", jump="E")
        self.add_class("-empty")
        self.rows = EpochRows()
        self.best: EpochFinished | None = None
        """`RunHistory.best`, kept as the rows come in rather than looked for in all of them."""
        self._cursor = EpochCursor()
        self._epochs: list[EpochFinished] = []

    def compose(self) -> ComposeResult:
        yield self.rows
        yield Static("No epoch is finished yet", classes="empty")

    def show(self, history: RunHistory) -> None:
        """Draw another run."""
        self._cursor = EpochCursor()
        self._epochs, self.best = [], None
        self._draw()
        self.advance(history)

    def advance(self, history: RunHistory) -> None:
        """Add the rows that are new."""
        restart, rows = self._cursor.read_new(history)
        if restart:
            self._epochs, self.best = [], None
        if rows or restart:
            self._epochs = self._epochs + rows
            self.best = next((row for row in reversed(rows) if row.best), self.best)
            self._draw()

    def _draw(self) -> None:
        self.set_class(bool(self._epochs), "-filled").set_class(not self._epochs, "-empty")
        self.rows.show_epochs(self._epochs, self.best)
