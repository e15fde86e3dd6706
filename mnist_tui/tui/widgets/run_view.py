"""A run as the dashboard draws it: curves, epoch table, batch losses, model, progress. Live or from a log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.widget import Widget
from textual.widgets import Static

from mnist_tui.history import RunHistory

if TYPE_CHECKING:
    from mnist_tui.inspection.summary import ModelSummary


class RunView(Widget):
    """Draws one `RunHistory`; whoever owns the history says when it has changed."""

    def compose(self) -> ComposeResult:
        yield Static(id="story")

    def show(self, history: RunHistory) -> None:
        """Draw this run from now on, from the start."""
        self.advance(history)

    def advance(self, history: RunHistory) -> None:
        """The same run has new events: draw what they changed."""
        self.query_one("#story", Static).update(f"{history.status}: {len(history.epochs)} epochs")

    def show_model(self, summary: ModelSummary | None) -> None:
        """The layer and parameter summary beside the curves; None while it is not known."""
