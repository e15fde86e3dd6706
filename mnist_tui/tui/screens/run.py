"""One run's whole story, read from its log and followed while another process writes it."""

from __future__ import annotations

from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Static

from mnist_tui.errors import RunError
from mnist_tui.events import Event
from mnist_tui.inspection.summary import ModelSummary
from mnist_tui.runs import Run
from mnist_tui.runs.history import RunHistory, RunStatus
from mnist_tui.runs.log_tail import LogTail
from mnist_tui.tui.run_format import status_text
from mnist_tui.tui.screens.base import is_on_top
from mnist_tui.tui.textual_fixes.screens import SafeScreen
from mnist_tui.tui.widgets.frame.key_bar import KeyBar
from mnist_tui.tui.widgets.frame.title_bar import facts
from mnist_tui.tui.widgets.frame.update_text import update_text
from mnist_tui.tui.widgets.runs.run_view import RunView

_SECONDS_BETWEEN_READS = 0.5


class LogGrew(Message):
    """What was appended since the last time, from the thread that read it."""

    def __init__(
        self, events: list[Event], *, run: Run, restarts: int, locked: bool, error: str = ""
    ) -> None:
        super().__init__()
        self.events, self.run, self.restarts = events, run, restarts
        self.locked, self.error = locked, error


class RunScreen(SafeScreen, Screen[None]):
    """Read-only. Leaves with `dismiss`, so whoever pushed it learns of that."""

    CSS_PATH = "run.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Back")]

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.history = RunHistory()
        self._run = run
        self._tail = LogTail(run)
        self._restarts = 0
        self._logged_status = RunStatus.EMPTY
        self._reading = self._shown = self._changed = False
        self._note = "reading …"

    def compose(self) -> ComposeResult:
        """Which run, its story, the keys."""
        yield Static(id="where")
        yield RunView()
        yield KeyBar()

    def on_mount(self) -> None:
        """Read, and go on reading."""
        self.set_interval(_SECONDS_BETWEEN_READS, self._look)
        self._look()

    def on_screen_resume(self) -> None:
        """What came while another screen was on top has not been drawn."""
        self._draw()

    def on_resize(self) -> None:
        """More, or less, can be said of the run."""
        self._say_where()

    def _look(self) -> None:
        if not self._reading:
            self._reading = True
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
        """Take in what was read, and draw what it changed."""
        self._reading, before = False, self.history.status
        if message.restarts != self._restarts:
            self.history, self._restarts = RunHistory(), message.restarts
            self._logged_status, self._shown = RunStatus.EMPTY, False
        self._apply(message.events, locked=message.locked)
        self._run, self._note = message.run, message.error
        self._changed |= bool(message.events) or not self._shown or before is not self.history.status
        self._draw()

    def _apply(self, events: list[Event], *, locked: bool) -> None:
        """The log cannot tell that its writer was killed; the lock can."""
        self.history.status = self._logged_status
        for event in events:
            self.history.apply(event)
        self._logged_status = self.history.status
        if self.history.status.is_open and not locked:
            self.history.status = RunStatus.INTERRUPTED

    def _draw(self) -> None:
        if not is_on_top(self):
            return
        self._say_where()
        view = self.query_one(RunView)
        if self._changed and self._shown:
            view.advance(self.history)
        elif self._changed:
            view.show(self.history)
            view.show_model(
                ModelSummary.from_record(
                    self.history.record.model.layer_table if self.history.record else None
                )
            )
            self._shown = True
        self._changed = False

    def _say_where(self) -> None:
        status = status_text(self.history.status.value)
        note = Content.styled(self._note, "$text-warning") if self._note else status
        left = Content.assemble((" Runs › ", "$foreground 60%"), (self._run.name, "bold"), "   ", note)
        where = self.query_one("#where", Static)
        room = where.size.width - left.cell_length - 1
        right = facts(self.history.record, room - 3)
        update_text(
            where, Content.assemble(left, (right.rjust(max(room, 0)), "$foreground 75%")), layout=False
        )
