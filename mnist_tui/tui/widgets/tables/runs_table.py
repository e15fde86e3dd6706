"""The list of runs: which columns it has, and in what order the runs come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from textual.content import Content

from mnist_tui.render import formatting
from mnist_tui.runs.config_diff import describe_config_diff
from mnist_tui.runs.index import ScannedRun
from mnist_tui.runs.summary import RunSummary, filter_by_text, sort_by
from mnist_tui.tui.run_format import MarkedRuns, age_text, bold_percent, slot_text, status_text
from mnist_tui.tui.widgets.tables.table import Column, SelectableTable

Order = Literal["newest", "best", "final", "name", "status", "time"]
ORDERS: tuple[Order, ...] = ("newest", "best", "final", "name", "status", "time")
_KEYS = {"newest": "created", "time": "seconds"}
_ORDER_OF_HEAD: dict[str, Order] = {
    "run": "name",
    "status": "status",
    "best %": "best",
    "final %": "final",
    "time": "time",
    "age": "newest",
}


class RunsTable(SelectableTable[ScannedRun]):
    """Runs with their numbers; those that are marked with the number of their color."""

    def __init__(self, marked: MarkedRuns) -> None:
        self._marked = marked
        super().__init__([Column("", 1, self._mark, 99), *_COLUMNS], id="runs")

    def show_runs(self, runs: Sequence[ScannedRun], order: Order, query: str) -> None:
        """Show those that match the query, in this order."""
        by_name = {run.summary.name: run for run in runs}
        found = filter_by_text(query, [run.summary for run in runs])
        self.show_by_key([(summary.name, by_name[summary.name]) for summary in sort_runs(found, order)])

    def _mark(self, row: ScannedRun) -> Content:
        return slot_text(self._marked.slots.get(row.summary.name))


def sort_runs(summaries: list[RunSummary], order: Order) -> list[RunSummary]:
    """Newest and longest first, accuracies best first, words from A to Z."""
    found = sort_by(_KEYS.get(order, order), summaries)
    return found[::-1] if order in _KEYS else found


def order_of(head: str) -> Order | None:
    """The order that a click on this head asks for."""
    return _ORDER_OF_HEAD.get(head)


def _epochs(row: ScannedRun) -> str:
    done, planned = row.summary.epochs_done, row.summary.epochs
    return f"{done}/{planned}" if planned else "–"


def _differences(row: ScannedRun) -> str:
    """The settings that are not those of the recipe."""
    return describe_config_diff(row.record.config) if row.record else ""


def _parameters(row: ScannedRun) -> str:
    count = row.summary.parameters
    return "–" if count is None else f"{count:,}"


_COLUMNS: tuple[Column[ScannedRun], ...] = (
    Column("run", 24, lambda row: row.summary.name, 98, grows=True),
    Column("status", 11, lambda row: status_text(row.summary.status), 90),
    Column("dataset", 13, lambda row: row.summary.dataset, 50),
    Column("model", 10, lambda row: row.summary.model, 40),
    Column("recipe", 10, lambda row: row.summary.recipe, 20),
    Column("epochs", 7, _epochs, 70, right=True),
    Column("best %", 6, lambda row: bold_percent(row.summary.best_test_accuracy), 95, right=True),
    Column("final %", 7, lambda row: formatting.bare_percent(row.summary.final_test_accuracy), 80, right=True),
    Column("differs", 12, _differences, 65, grows=True),
    Column("params", 7, _parameters, 30, right=True),
    Column("time", 7, lambda row: formatting.duration(row.summary.seconds) if row.rows else "–", 55, right=True),
    Column("age", 6, lambda row: age_text(row.summary.created), 60, right=True),
)
