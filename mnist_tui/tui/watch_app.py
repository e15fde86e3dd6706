"""One run on the whole terminal, read-only: `mnist-tui watch`."""

from __future__ import annotations

from typing import ClassVar

from textual.app import App
from textual.binding import Binding, BindingType

from mnist_tui.runs import Run
from mnist_tui.tui.screens.help import HelpScreen, active_keys
from mnist_tui.tui.screens.run_screen import RunScreen


class WatchApp(App[None]):
    """Leaves the run alone, whatever is pressed here."""

    TITLE = "mnist-tui watch"
    CSS_PATH = "app.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "Help", key_display="?"),
        Binding("q", "quit", "Quit"),
        Binding("ctrl+c", "quit", "Quit", show=False, priority=True),
    ]

    def __init__(self, run: Run) -> None:
        super().__init__()
        self._watched = run

    def action_help(self) -> None:
        """The keys of the run's screen."""
        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(active_keys(self.screen)))

    def on_mount(self) -> None:
        """The run's screen, and nothing behind it."""
        self.push_screen(RunScreen(self._watched), lambda _: self.exit())
