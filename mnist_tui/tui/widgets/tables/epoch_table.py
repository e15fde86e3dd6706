"""The epoch table: one row per epoch, also for the running one; the best one marked, the newest one in view."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Region
from textual.widgets import Static

from mnist_tui.events import EpochFinished, Progress
from mnist_tui.render.epoch_table import cell
from mnist_tui.runs.epoch_columns import EpochColumn, Kind, layouts
from mnist_tui.runs.history import RunHistory
from mnist_tui.tui.history_cursors import EpochCursor
from mnist_tui.tui.widgets.charts.bars import draw_bar
from mnist_tui.tui.widgets.frame.panel import Panel
from mnist_tui.tui.widgets.tables.table import AdaptiveTable, Column, Columns

# Each with the blank before it; an epoch leaves room for the star before it.
_WIDTHS: dict[Kind, int] = {"count": 6, "loss": 7, "accuracy": 7, "rate": 8, "speed": 8, "time": 8}
_ALONE_WIDTH = 9
# How much wider a column becomes at most.
_MOST_EXTRA = 5
# The bar in the time column of the running epoch.
_BAR_WIDTH = 6
# The head and the border.
_AROUND = 3


class EpochRows(AdaptiveTable[EpochFinished]):
    """The rows. Their columns are spread over the width; headings are shortened before a column is left out."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"table--running"}
    DEFAULT_CSS = """
    EpochRows {
        height: 1fr;
        & > .table--head { text-style: none; }
        &:focus > .table--head { color: $foreground; }
        & > .table--running { color: $muted; text-style: italic; }
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
        self._live: EpochFinished | None = None
        self._share = 0.0

    def on_mount(self) -> None:
        # Stay at the newest row; scrolling up lets go, scrolling down to the end takes hold again.
        self.anchor()

    def show_epochs(
        self, rows: Sequence[EpochFinished], best: EpochFinished | None, running: Progress | None = None
    ) -> None:
        """Replace all rows; `best` is marked, and the running epoch is the last row."""
        self._best, self._live = best, None if running is None else _running_row(running)
        self._share = _share(running)
        self.show([*rows, self._live] if self._live else list(rows))
        self.refresh_changed()

    def show_running(self, running: Progress) -> None:
        """Draw how far the running epoch is, which is the last row already: only its line."""
        self._live, self._share = _running_row(running), _share(running)
        self._rows = [*self._rows[:-1], self._live]
        line = len(self._rows) - self.scroll_offset.y
        if 0 < line < self.size.height:
            self.refresh(Region(0, line, self.size.width, 1))

    def layouts(self) -> Iterator[Columns[EpochFinished]]:
        for layout in layouts(self.rows):
            yield [self._column(column, heading) for column, heading in layout]

    def spread(self, columns: Columns[EpochFinished], spare: int) -> list[int]:
        each, rest = divmod(min(spare, _MOST_EXTRA * len(columns)), len(columns))
        return [each + (len(columns) - at <= rest) for at in range(len(columns))]

    def row_style(self, row: EpochFinished) -> str:
        return "table--running" if row is self._live else ""

    def _column(self, column: EpochColumn, heading: str) -> Column[EpochFinished]:
        width = max(_WIDTHS[column.kind], len(heading) + 1)
        if heading == column.alone:
            width = _ALONE_WIDTH
        return Column(heading, width, partial(self._cell, column), column.importance, right=True)

    def _cell(self, column: EpochColumn, row: EpochFinished) -> Content:
        is_best = row is self._best
        if row is self._live and column.field == "seconds":
            return draw_bar(self._share, _BAR_WIDTH, "$primary")
        text = cell(column, row, is_best=is_best)
        is_marked = is_best and column.field in ("epoch", self._decisive_field)
        return Content.styled(text, "bold $text-success") if is_marked else Content(text)

    @property
    def _decisive_field(self) -> str:
        """By which the best epoch is chosen."""
        validated = self._best is not None and self._best.validation_accuracy is not None
        return "validation_accuracy" if validated else "test_accuracy"


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
        self._live: Progress | None = None

    @property
    def lines(self) -> int:
        """How high it is if all rows are to be seen."""
        return len(self._epochs) + (self._live is not None) + _AROUND

    def compose(self) -> ComposeResult:
        yield self.rows
        yield Static("Waiting for the first steps …", classes="empty")

    def show(self, history: RunHistory) -> None:
        """Draw another run."""
        self._cursor = EpochCursor()
        self._epochs, self.best, self._live = [], None, None
        self._draw()
        self.advance(history)

    def advance(self, history: RunHistory) -> None:
        """Add the rows that are new."""
        restart, rows = self._cursor.read_new(history)
        if restart:
            self._epochs, self.best = [], None
        running = history.progress if history.status.is_open else None
        if rows or restart or (running is None) != (self._live is None):
            self._epochs, self._live = self._epochs + rows, running
            self.best = next((row for row in reversed(rows) if row.best), self.best)
            self._draw()
        elif running is not None and running is not self._live:
            self._live = running
            self.rows.show_running(running)

    def _draw(self) -> None:
        is_filled = bool(self._epochs) or self._live is not None
        self.set_class(is_filled, "-filled").set_class(not is_filled, "-empty")
        self.rows.show_epochs(self._epochs, self.best, self._live)


def _share(now: Progress | None) -> float:
    if now is None:
        return 0.0
    return now.step / max(now.steps, 1) if now.phase == "training" else 1.0


def _running_row(now: Progress) -> EpochFinished:
    """The running epoch as far as it has come."""
    return EpochFinished(
        epoch=now.epoch,
        epochs=now.epochs,
        train_loss=now.loss,
        train_accuracy=now.accuracy,
        test_loss=math.nan,
        test_accuracy=math.nan,
        learning_rate=now.learning_rate,
        seconds=0.0,
        images_per_second=now.images_per_second,
        best=False,
        time=now.time,
    )
