"""A run that was opened in the dashboard: its view, and what can be done with it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from mnist_tui.runs import Run
from mnist_tui.runs.history import RunStatus
from mnist_tui.tui.keys import bind
from mnist_tui.tui.screens.base import TABS
from mnist_tui.tui.screens.run import RunScreen
from mnist_tui.tui.screens.run_actions import RunActions
from mnist_tui.tui.widgets.frame.title_bar import TitleBar
from mnist_tui.tui.workspace import Workspace


class OpenedRunScreen(RunScreen):
    """A RunScreen under the dashboard's title bar."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("new-run", "run('new_run')", "New run like this"),
        bind("resume", "run('resume')", "Resume"),
        bind("evaluate", "run('evaluate')", "Evaluate"),
        bind("export", "run('export')", "Export"),
        bind("pin", "run('pin')", "Pin", show=False),
        bind("rename", "run('rename')", "Rename", show=False),
    ]

    NEXT_KEYS = (("e", "mistakes"), ("x", "export"), ("n", "new run like this"))

    def __init__(self, run: Run, workspace: Workspace) -> None:
        super().__init__(run, workspace.folders.data)
        self.workspace = workspace
        self._actions = RunActions(self, workspace)

    def compose(self) -> ComposeResult:
        yield TitleBar(TABS, "runs")
        yield from super().compose()

    def on_mount(self) -> None:
        self.session_changed()

    def on_screen_resume(self) -> None:
        self.session_changed()

    def session_changed(self) -> None:
        """Show what is in training, if anything is."""
        if self.query(TitleBar):
            self.query_one(TitleBar).show(self.workspace.session)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A finished run is not resumed."""
        if (action, parameters) == ("run", ("resume",)):
            return self.history.status is not RunStatus.FINISHED
        return super().check_action(action, parameters)

    def action_run(self, name: str) -> None:
        """Start an action with this run."""
        self._actions.start_for(name, self.run_shown)
