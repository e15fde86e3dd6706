"""Several runs compared: curves in their colors, numbers, and the settings in which they differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from mnist_tui.render.comparison_table import differences_table
from mnist_tui.runs import Run
from mnist_tui.runs.compare import compare
from mnist_tui.runs.config_diff import Difference
from mnist_tui.runs.index import RunScanner, ScannedRun
from mnist_tui.tui.keys import bind
from mnist_tui.tui.screens.base import BaseScreen, is_on_top
from mnist_tui.tui.theme_colors import RUN_COLORS
from mnist_tui.tui.widgets.charts.overlay_chart import Curve, OverlayCharts
from mnist_tui.tui.widgets.tables.compared_runs_table import ComparedRow, ComparedTable
from mnist_tui.tui.workspace import Workspace

_SECONDS_BETWEEN_READS = 1.0


class RunsRead(Message):
    """All compared runs as they are now, from the thread that reads them."""

    def __init__(self, runs: list[ScannedRun]) -> None:
        super().__init__()
        self.runs = runs


class CompareScreen(BaseScreen):
    """Each run comes with the slot of its color, which it keeps while others come and go."""

    TAB = "runs"
    CSS_PATH = "compare.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012 - declared so by Textual
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("back", "dismiss", "Back"),
        bind("toggle", "hide", "Show / hide"),
        bind("view", "other_chart", "Accuracy / loss"),
    ]

    def __init__(self, workspace: Workspace, runs: Sequence[tuple[Run, int]]) -> None:
        super().__init__(workspace)
        self._scanners = [RunScanner(run) for run, _ in runs]
        self._slots = [slot for _, slot in runs]
        self._hidden: set[int] = set()
        self._runs: list[ScannedRun] = []
        self._is_reading = False
        self.charts = OverlayCharts()
        self.differences: tuple[Difference, ...] = ()

    @property
    def table(self) -> ComparedTable:
        """The numbers, which are the legend too."""
        return self.query_one(ComparedTable)

    def body(self) -> ComposeResult:
        yield Static(Content.assemble((" Runs › ", "$muted"), ("Compare", "bold")), id="where")
        yield self.charts
        yield ComparedTable()
        with VerticalScroll(id="differences"):
            yield Static()

    def on_mount(self) -> None:
        self.table.focus()
        self.set_interval(_SECONDS_BETWEEN_READS, self._refresh_runs)
        self._refresh_runs()

    def on_resize(self) -> None:
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing to switch while both charts are shown."""
        if action == "other_chart":
            return self.has_class("-narrow")
        return super().check_action(action, parameters)

    def action_hide(self) -> None:
        """Hide the curves of the run under the cursor, or show them again."""
        row = self.table.current
        if row is not None:
            self._hidden ^= {row.slot}
            self._draw_runs()

    def action_other_chart(self) -> None:
        """Show the other chart, where there is room for one only."""
        self.toggle_class("-loss")

    def on_selectable_table_highlighted(self) -> None:
        """Let the curves of the run under the cursor stand out."""
        row = self.table.current
        self.charts.emphasize(row.slot if row is not None and len(self._runs) > 1 else None)

    def on_selectable_table_opened(self) -> None:
        self.action_hide()

    def on_runs_read(self, message: RunsRead) -> None:
        self._is_reading = False
        if message.runs != self._runs and is_on_top(self):
            self._runs = message.runs
            self._draw_runs()

    def _refresh_runs(self) -> None:
        if not self._is_reading and is_on_top(self):
            self._is_reading = True
            self._read()

    @work(thread=True)
    def _read(self) -> None:
        self.post_message(RunsRead([run.scan() for run in self._scanners]))

    def _draw_runs(self) -> None:
        comparison = compare(self._runs)
        self.differences = comparison.differences
        rows = [
            ComparedRow(run, slot, slot in self._hidden) for run, slot in zip(comparison.runs, self._slots, strict=True)
        ]
        self.table.show_by_key([(row.run.summary.path, row) for row in rows])
        self._draw_charts()
        heads = [
            Text(str(row.slot + 1), style=f"bold {self.app.theme_variables[RUN_COLORS[row.slot]]}")
            for row, run in zip(rows, self._runs, strict=True)
            if run.record
        ]
        same = Text("The same settings, data and machine.", style="dim")
        self.query_one("#differences Static", Static).update(
            differences_table(comparison, heads, run_per_row=self.has_class("-narrow"))
            if comparison.differences
            else same
        )

    def _draw_charts(self) -> None:
        shown = [(run, slot) for run, slot in zip(self._runs, self._slots, strict=True) if slot not in self._hidden]
        self.charts.show(
            [Curve(slot, _epochs(run), [100 * row.test_accuracy for row in run.rows]) for run, slot in shown],
            [Curve(slot, _epochs(run), [row.test_loss for row in run.rows]) for run, slot in shown],
        )


def _epochs(run: ScannedRun) -> list[float]:
    return [float(row.epoch) for row in run.rows]
