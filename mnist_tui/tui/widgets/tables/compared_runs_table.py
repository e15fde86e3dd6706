"""The runs of a comparison with their numbers: the legend of the charts above it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content

from mnist_tui.render import formatting
from mnist_tui.runs.compare import ComparedRun
from mnist_tui.tui.keys import bind
from mnist_tui.tui.run_format import bold_percent, slot_text, status_text
from mnist_tui.tui.widgets.tables.table import Column, SelectableTable


@dataclass(frozen=True)
class ComparedRow:
    """One run, its slot, and whether its curves are hidden."""

    run: ComparedRun
    slot: int
    hidden: bool


class ComparedTable(SelectableTable[ComparedRow]):
    """One row per run."""

    BINDINGS: ClassVar[list[BindingType]] = [bind("enter", "open", "Show / hide", show=False)]

    def __init__(self) -> None:
        super().__init__(_COLUMNS, id="compared")

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        return len(self.rows) + 1


def _name(row: ComparedRow) -> Content:
    name = row.run.summary.name
    return Content.styled(f"{name} (hidden)", "dim") if row.hidden else Content(name)


def _best_epoch(row: ComparedRow) -> str:
    epoch = row.run.summary.best_epoch
    return "–" if epoch is None else str(epoch)


def _seconds(row: ComparedRow) -> str:
    seconds = row.run.seconds_per_epoch
    return "–" if seconds is None else formatting.duration(seconds)


_COLUMNS: tuple[Column[ComparedRow], ...] = (
    Column("", 1, lambda row: slot_text(row.slot), 99),
    Column("run", 20, _name, 98, grows=True),
    Column("status", 11, lambda row: status_text(row.run.summary.status), 60),
    Column("epochs", 7, lambda row: f"{row.run.summary.epochs_done}/{row.run.summary.epochs}", 70, right=True),
    Column("best %", 6, lambda row: bold_percent(row.run.summary.best_test_accuracy), 95, right=True),
    Column("best epoch", 10, _best_epoch, 50, right=True),
    Column("final %", 7, lambda row: formatting.bare_percent(row.run.summary.final_test_accuracy), 90, right=True),
    Column("train %", 7, lambda row: formatting.bare_percent(row.run.final_train_accuracy), 40, right=True),
    Column("test loss", 9, lambda row: formatting.loss(row.run.final_test_loss), 80, right=True),
    Column("s/epoch", 7, _seconds, 55, right=True),
    Column("total", 7, lambda row: formatting.duration(row.run.summary.seconds), 30, right=True),
)
