"""One run on the whole terminal, read-only: `mnist-tui watch`."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType
from textual.driver import Driver

from mnist_tui.runs import Run
from mnist_tui.tui.base_app import BaseApp, choose_driver
from mnist_tui.tui.keys import bind
from mnist_tui.tui.preferences import Preferences
from mnist_tui.tui.screens.run import RunScreen
from mnist_tui.tui.user_files import UserFiles, load_user_files


class WatchApp(BaseApp):
    """Read-only: no key affects the run."""

    TITLE = "mnist-tui watch"
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("quit", "quit", "Quit"),
        bind("quit-now", "quit", "Quit at once", show=False, priority=True),
    ]

    def __init__(
        self,
        run: Run,
        *,
        preferences: Preferences | None = None,
        user_files: UserFiles | None = None,
        driver_class: type[Driver] | None = None,
    ) -> None:
        super().__init__(preferences=preferences, user_files=user_files, driver_class=driver_class)
        self._watched = run

    async def on_mount(self) -> None:
        await self.push_screen(RunScreen(self._watched), lambda _: self.exit())


def run_watch(run: Run) -> int:
    """Watch a run until the user quits; the exit code."""
    return WatchApp(run, user_files=load_user_files(), driver_class=choose_driver()).run() or 0
