"""Evaluate: what it will be, said honestly until it is."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Center, Middle
from textual.widgets import Static

from mnist_tui.tui.screens.house import HouseScreen


class _LaterScreen(HouseScreen):
    """One quiet panel."""

    HEADING = ""
    TEXT = ""
    DEFAULT_CSS = """
    _LaterScreen Static {
        width: 62;
        max-width: 90%;
        border: round $panel;
        border-title-color: $text-accent;
        padding: 1 2;
        color: $text-muted;
    }
    """

    def body(self) -> ComposeResult:
        """The panel in the middle."""
        with Middle(), Center():
            panel = Static(self.TEXT)
            panel.border_title = self.HEADING
            yield panel


class EvaluateScreen(_LaterScreen):
    """Not built yet."""

    TAB = "evaluate"
    HEADING = "Evaluate · not built yet"
    TEXT = (
        "Here a trained network will be looked at: its confusion matrix, precision and recall of each class, "
        "and its worst mistakes drawn as digits with what it thought they were.\n\n"
        "Until then the Train screen shows loss and accuracy on the test images after each epoch."
    )
