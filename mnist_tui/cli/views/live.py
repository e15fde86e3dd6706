"""`train` in a terminal: the epoch table growing above a progress bar."""

from __future__ import annotations

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from mnist_tui.cli.views.run_statistics import statistics_panel
from mnist_tui.events import DataProgress, Event, Notice, Preparing, Progress, WeightsMoved
from mnist_tui.render.epoch_table import epoch_table
from mnist_tui.render.progress_line import progress_lines, waiting_line
from mnist_tui.runs.history import RunHistory
from mnist_tui.system.timing import Throttle

# Rows of the terminal that are not epochs: title, heads, rules, progress, a notice or two.
_OTHER_ROWS = 9
# Seconds between two frames: drawing holds up training.
_FRAME_SECONDS = 0.25


def open_live(console: Console) -> Live:
    """A display that is redrawn on request and leaves nothing behind; its first frame is drawn when it is entered."""
    waiting = Text("Loading torch and the data …", style="dim")
    return Live(waiting, console=console, auto_refresh=False, transient=True)


class LiveView:
    """Redraws on events, up to a rate; a context manager that leaves the finished table on the screen."""

    def __init__(self, console: Console, before: RunHistory | None = None) -> None:
        """`before` is the history of a run that is resumed."""
        self.history = before or RunHistory()
        self._console = console
        self._waiting: DataProgress | Preparing | None = None
        self._throttle = Throttle(_FRAME_SECONDS, at_once=True)
        self._live = open_live(console)

    def __enter__(self) -> LiveView:
        self._live.start(refresh=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()
        if self.history.epochs:
            self._console.print(epoch_table(self.history))

    def conclude(self, console: Console) -> None:
        console.print(statistics_panel(self.history))

    def show(self, event: Event) -> None:
        self.history.apply(event)
        self._waiting = event if isinstance(event, (DataProgress, Preparing)) else None
        if isinstance(event, Notice):
            self._live.console.print(Text(f"Notice: {event.message}", style="bold yellow"))
        if isinstance(event, WeightsMoved) or (isinstance(event, Progress) and not self._throttle.is_due()):
            return  # the first is not shown here, and the second has just been drawn
        self._live.update(self._frame(), refresh=True)

    def _frame(self) -> RenderableType:
        if self._waiting is not None:
            return waiting_line(self._waiting)
        room = max(3, self._console.size.height - _OTHER_ROWS)
        return Group(epoch_table(self.history, newest=room), progress_lines(self.history))
