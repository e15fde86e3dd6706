"""Progress and notices while a command loads data."""

from __future__ import annotations

from typing import Any

from mnist_tui.cli.output import can_animate, print_message, stderr
from mnist_tui.errors import Interrupted
from mnist_tui.events import DataProgress, Event, Notice, Report
from mnist_tui.training.control import Control


class DownloadReport:
    """Shows progress on stderr: a bar in a terminal, otherwise only notices."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._console = stderr()
        self._live: Any = None

    def __enter__(self) -> Report:
        """The function to call with every event."""
        return self._show

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def _show(self, event: Event) -> None:
        if self._control.stop_reason:
            raise Interrupted(self._control.stop_reason)
        if isinstance(event, Notice):
            print_message(self._console, f"notice: {event.message}", "yellow")
        elif isinstance(event, DataProgress) and can_animate(self._console):
            self._draw(event)

    def _draw(self, event: DataProgress) -> None:
        from rich.live import Live

        from mnist_tui.render.progress_line import data_line

        if self._live is None:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        self._live.update(data_line(event), refresh=True)
