"""Textual's command palette, which may be closed while it looks for commands, and may have no room for any."""

from __future__ import annotations

from typing import Any

from textual import command
from textual.command import CommandList, CommandPalette
from textual.events import Click
from textual.worker import Worker, WorkerState

from mnist_tui.tui.sound_screen import SoundScreen


class SureList(CommandList):
    """A click on a command that has gone since it was drawn is a click on nothing."""

    async def _on_click(self, event: Click) -> None:
        """Textual's own comes after this one, and would look for the command."""
        if event.style.meta.get("option", -1) >= self.option_count:
            event.prevent_default()


command.CommandList = SureList  # type: ignore[misc]  # which CommandPalette makes


class Palette(SoundScreen, CommandPalette):
    """As Textual has it, but a search whose list has gone with the palette is no failure of the application."""

    def run_worker(self, *work: Any, **options: Any) -> Worker[Any]:
        """Failures come to `on_worker_state_changed`."""
        return super().run_worker(*work, **{**options, "exit_on_error": False})

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """What fails while there still is a list to fill is a failure."""
        if event.state is WorkerState.ERROR and event.worker.error and self.query(CommandList):
            raise event.worker.error

    def _action_command_list(self, action: str) -> None:
        """As Textual has it, but a list that has no room for a line has no pages to turn either."""
        if self.query_one(CommandList).scrollable_content_region:
            super()._action_command_list(action)
