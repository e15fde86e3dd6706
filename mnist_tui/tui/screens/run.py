"""One run, read from its log and followed while another process writes it."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from mnist_tui.errors import RunError
from mnist_tui.events import Event
from mnist_tui.runs import Run
from mnist_tui.runs.history import RunHistory, RunStatus
from mnist_tui.runs.log_tail import LogTail
from mnist_tui.tui.keys import bind
from mnist_tui.tui.run_format import status_text
from mnist_tui.tui.screens.base import is_on_top
from mnist_tui.tui.screens.shows_run import ShowsRun
from mnist_tui.tui.widgets.frame.key_bar import KeyBar
from mnist_tui.tui.widgets.frame.panel import update_text
from mnist_tui.tui.widgets.frame.title_bar import run_facts
from mnist_tui.tui.widgets.runs.run_view import RunView
from mnist_tui.tui.workers.networks import NetworkSource, SavedNetwork

_SECONDS_BETWEEN_READS = 0.5


class LogGrew(Message):
    """Events appended to the log since the last read, from the thread that reads it."""

    def __init__(self, events: list[Event], *, run: Run, restarts: int, locked: bool, error: str = "") -> None:
        super().__init__()
        self.events, self.run, self.restarts = events, run, restarts
        self.locked, self.error = locked, error


class RunScreen(ShowsRun):
    """Read-only. Closes with `dismiss`, of which its opener is notified."""

    CSS_PATH = "run.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [bind("back", "dismiss", "Back")]

    NEXT_KEYS: ClassVar[tuple[tuple[str, str], ...]] = ()
    """What can be done with a finished run: keys and words."""

    def __init__(self, run: Run, data_dir: Path | None = None) -> None:
        """The test images that its network is shown are under `data_dir`, or where data is by default."""
        super().__init__()
        self._data_dir = data_dir
        self.history = RunHistory()
        self._run = run
        self._tail = LogTail(run)
        self._restarts = 0
        self._logged_status = RunStatus.EMPTY
        self._is_reading = self._is_shown = self._has_changed = False
        self._note = "reading …"

    @property
    def run_shown(self) -> Run:
        """The run under its current name."""
        return self._run

    def compose(self) -> ComposeResult:
        yield Static(id="where")
        yield RunView(self._network, self._data_dir, next_keys=self.NEXT_KEYS)
        yield KeyBar()

    def on_mount(self) -> None:
        self.set_interval(_SECONDS_BETWEEN_READS, self._refresh_history)
        self._refresh_history()

    def on_screen_resume(self) -> None:
        # What came while another screen was on top has not been drawn.
        self._draw()

    def on_resize(self) -> None:
        self._show_title()

    def _refresh_history(self) -> None:
        if not self._is_reading:
            self._is_reading = True
            self._read()

    @work(thread=True)
    def _read(self) -> None:
        # The lock first: a writer that lets go of it before the log is read has written its last line.
        locked, events, error = self._tail.run.is_locked(), [], ""
        try:
            events = self._tail.read_new()
        except RunError as failure:
            error = str(failure)
        grew = LogGrew(events, run=self._tail.run, restarts=self._tail.restarts, locked=locked, error=error)
        self.post_message(grew)

    def on_log_grew(self, message: LogGrew) -> None:
        """Apply what was read, and draw what it changed."""
        self._is_reading, before = False, self.history.status
        if message.restarts != self._restarts:
            self.history, self._restarts = RunHistory(), message.restarts
            self._logged_status, self._is_shown = RunStatus.EMPTY, False
        self._apply(message.events, locked=message.locked)
        self._run, self._note = message.run, message.error
        if before is not self.history.status:
            self.refresh_bindings()
        self._has_changed |= bool(message.events) or not self._is_shown or before is not self.history.status
        self._draw()

    def _apply(self, events: list[Event], *, locked: bool) -> None:
        """The log does not show that its writer was killed; the lock does."""
        self.history.status = self._logged_status
        for event in events:
            self.history.apply(event)
        self._logged_status = self.history.status
        if self.history.status.is_open and not locked:
            self.history.status = RunStatus.INTERRUPTED

    def _draw(self) -> None:
        if not is_on_top(self):
            return
        self._show_title()
        view = self.query_one(RunView)
        if self._has_changed and self._is_shown:
            view.advance(self.history)
        elif self._has_changed:
            view.show(self.history)
            self._is_shown = True
        self._has_changed = False

    def _network(self) -> NetworkSource | None:
        """The best network that the run has saved so far: another process may be training it."""
        if self._run.saved_weights is None:
            return None
        return SavedNetwork(self._run.folder.parent, self._run, generation=len(self.history.epochs))

    def _show_title(self) -> None:
        status = status_text(self.history.status.value)
        note = Content.styled(self._note, "$text-warning") if self._note else status
        left = Content.assemble((" Runs › ", "$muted"), (self._run.name, "bold"), "   ", note)
        where = self.query_one("#where", Static)
        room = where.size.width - left.cell_length - 1
        right = run_facts(self.history.record, room - 3)
        update_text(where, Content.assemble(left, (right.rjust(max(room, 0)), "$muted")), layout=False)
