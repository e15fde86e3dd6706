"""Textual's command palette, which may be closed while it searches for commands."""

from __future__ import annotations

from typing import Any

from textual.app import ComposeResult
from textual.command import CommandList, CommandPalette
from textual.worker import Worker, WorkerState

from mnist_tui.tui.textual_fixes.screens import SafeScreen
from mnist_tui.tui.textual_fixes.widgets import SafeCommandList
from mnist_tui.tui.widgets.frame.key_bar import KeyBar, ShownKey

_HINTS = (
    ShownKey("down", "↑ ↓", "Choose", enabled=True, importance=3),
    ShownKey("enter", "⏎", "Do it", enabled=True, importance=2),
    ShownKey("escape", "Esc", "Close", enabled=True, importance=1),
)


class SafeCommandPalette(SafeScreen, CommandPalette):
    """A search whose list has gone with the palette is no failure of the app: docs/upstream.md, 5."""

    def compose(self) -> ComposeResult:
        """Textual's widgets, with our list in place of its own."""
        for widget in super().compose():
            yield SafeCommandList() if isinstance(widget, CommandList) else widget

    def on_mount(self) -> None:
        """Its own line of keys over that of the screen below, which does nothing meanwhile."""
        self.mount(KeyBar(_HINTS))

    def run_worker(self, *work: Any, **options: Any) -> Worker[Any]:
        """Failures go to `on_worker_state_changed`."""
        return super().run_worker(*work, **{**options, "exit_on_error": False})

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Raise what fails while there still is a list to fill."""
        if event.state is WorkerState.ERROR and event.worker.error and self.query(CommandList):
            raise event.worker.error
