"""Textual's command palette, which may be closed while it looks for commands."""

from __future__ import annotations

from typing import Any

from textual import command
from textual.command import CommandList, CommandPalette
from textual.worker import Worker, WorkerState

from mnist_tui.tui.textual_fixes.safe_options import SafeCommandList
from mnist_tui.tui.textual_fixes.safe_screen import SafeScreen

command.CommandList = SafeCommandList  # type: ignore[misc]  # which CommandPalette makes


class Palette(SafeScreen, CommandPalette):
    """As Textual has it, but a search whose list has gone with the palette is no failure of the application."""

    def run_worker(self, *work: Any, **options: Any) -> Worker[Any]:
        """Failures come to `on_worker_state_changed`."""
        return super().run_worker(*work, **{**options, "exit_on_error": False})

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """What fails while there still is a list to fill is a failure."""
        if event.state is WorkerState.ERROR and event.worker.error and self.query(CommandList):
            raise event.worker.error
