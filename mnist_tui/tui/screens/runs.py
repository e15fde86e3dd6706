"""Runs: every run with its numbers, found by typing, kept up to date while other processes write them."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from mnist_tui.runs import Run
from mnist_tui.tui.keys import bind
from mnist_tui.tui.screens.base import BaseScreen, is_on_top
from mnist_tui.tui.screens.opened_run import OpenedRunScreen
from mnist_tui.tui.screens.run_actions import RunActions
from mnist_tui.tui.widgets.runs.runs_browser import RunsBrowser
from mnist_tui.tui.widgets.tables.table import SelectableTable
from mnist_tui.tui.workspace import Workspace

_SECONDS_BETWEEN_SCANS = 1.0


class RunsScreen(BaseScreen):
    """The list of runs, and what can be done with the one under the cursor."""

    TAB = "runs"
    CSS_PATH = "runs.tcss"
    # Never the filter by itself, which would swallow every key: not even when there is no list to focus.
    AUTO_FOCUS = "RunsTable"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (150, "-wide")]  # noqa: RUF012 - declared so by Textual
    VERTICAL_BREAKPOINTS = [(0, "-short"), (32, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("toggle", "mark", "Mark"),
        bind("compare", "compare", "Compare"),
        bind("resume", "run('resume')", "Resume"),
        bind("evaluate", "run('evaluate')", "Evaluate"),
        bind("pin", "run('pin')", "Pin", show=False),
        bind("rename", "run('rename')", "Rename", show=False),
        bind("export", "run('export')", "Export"),
        bind("delete", "run('delete')", "Delete"),
        bind("new-run", "run('new_run')", "New run like this"),
        bind("filter", "filter", "Filter"),
        bind("order", "order", "Order"),
        bind("back", "clear", "Clear filter or marks"),
        bind("down", "list", "To the list", show=False),
    ]

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self.browser = RunsBrowser(workspace.folders.runs)
        self._actions = RunActions(self, workspace, self._run_changed)

    def body(self) -> ComposeResult:
        yield self.browser

    def on_mount(self) -> None:
        self.browser.table.focus()
        self.set_interval(_SECONDS_BETWEEN_SCANS, self._scan)

    def on_screen_resume(self) -> None:
        self._scan()

    def _scan(self) -> None:
        # What is below another screen would be found for no one to see.
        if is_on_top(self):
            self.browser.scan()

    def _run_changed(self, run: Run, name: str) -> None:
        """A run was renamed, or deleted where `name` is "": show it at once."""
        if name:
            self.browser.marked.rename(run.name, name)
        self.browser.select_when_found(name)
        self._scan()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing to clear while nothing is filtered or marked, and nothing to do with a run while there is none."""
        if action == "clear":
            return self.browser.is_filtering or bool(self.browser.marked.slots)
        if action in ("filter", "order"):
            return bool(self.browser.runs)
        if action in ("mark", "compare", "run"):
            return self.browser.selected is not None
        return super().check_action(action, parameters)

    def action_filter(self) -> None:
        self.browser.open_filter()

    def action_list(self) -> None:
        """Leave the filter, which stays."""
        self.browser.table.focus()

    def action_clear(self) -> None:
        """Show all runs again, or else unmark all."""
        if self.browser.is_filtering:
            self.browser.clear_filter()
        else:
            self.browser.clear_marks()

    def action_order(self) -> None:
        """Order the list by the next criterion."""
        self.browser.next_order()

    def action_mark(self) -> None:
        """Mark or unmark the run for comparing, and move on to the next."""
        if not self.browser.toggle_mark():
            self.notify("More runs than can be distinguished by color.", severity="warning")

    def action_compare(self) -> None:
        self.browser.mark_at_least_two()
        marked = self.browser.marked_runs()
        if len(marked) < 2:
            self._actions.refuse("There is no second run to compare with.")
            return
        from mnist_tui.tui.screens.compare import CompareScreen  # plots, and is slow to import

        self.app.push_screen(CompareScreen(self.workspace, marked))

    def action_run(self, name: str) -> None:
        """Start an action with the run under the cursor."""
        run = self.browser.selected
        if run is not None:
            self._actions.start(name, run)

    @on(SelectableTable.Opened)
    def open_run(self) -> None:
        """Show the run; followed while it is written."""
        run = self.browser.selected
        if run is None:
            return
        if run.summary.status == "unreadable":
            reason = f"There is nothing to open: {run.summary.reason}. Delete removes the run."
            self.notify(reason, severity="warning", markup=False)
        else:
            self.app.push_screen(OpenedRunScreen(run.run, self.workspace))
