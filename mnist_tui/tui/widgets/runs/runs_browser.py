"""All runs of a folder with their numbers: a list, a preview of the run under the cursor, and a filter."""

from __future__ import annotations

from pathlib import Path
from time import monotonic

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Label, Static

from mnist_tui.errors import RunError
from mnist_tui.runs import Run
from mnist_tui.runs.index import RunIndex, ScannedRun
from mnist_tui.tui.run_format import MarkedRuns
from mnist_tui.tui.widgets.frame.panel import update_text
from mnist_tui.tui.widgets.runs.run_preview import RunPreview
from mnist_tui.tui.widgets.tables.runs_table import ORDERS, Order, RunsTable, order_of
from mnist_tui.tui.widgets.tables.table import SelectableTable

_SECONDS_BETWEEN_PARTS = 0.3
_ORDER_WORDS: dict[Order, str] = {
    "newest": "newest first",
    "best": "best accuracy first",
    "final": "final accuracy first",
    "name": "by name",
    "status": "by status",
    "time": "longest first",
}


class RunsScanned(Message):
    """What the folder holds, from the thread that reads it; `is_complete` once all of it is known."""

    def __init__(self, runs: list[ScannedRun], *, is_complete: bool, error: str = "") -> None:
        super().__init__()
        self.runs, self.is_complete, self.error = runs, is_complete, error


class RunsBrowser(Vertical):
    """Redrawn by `scan`, which reads what has changed. The owner says when, and when it is in view."""

    def __init__(self, runs_dir: Path) -> None:
        super().__init__()
        self.runs: list[ScannedRun] = []
        """All runs, shown or not."""
        self.marked = MarkedRuns()
        self.table = RunsTable(self.marked)
        self.order: Order = "newest"
        self.is_complete = False
        """Whether all runs have been read once."""
        self._runs_dir = runs_dir
        self._index = RunIndex(runs_dir)
        self._is_scanning = False
        self._error = self._wanted = ""
        self._had_selection = False

    def compose(self) -> ComposeResult:
        with Horizontal(id="head"):
            yield Label(id="count")
            yield Input(placeholder="name, dataset, model, recipe or status", id="filter", compact=True)
        with Container(id="panes"):
            yield self.table
            yield RunPreview()
        yield Static(id="nothing")

    @property
    def selected(self) -> ScannedRun | None:
        """The run under the cursor."""
        return self.table.current

    @property
    def filter_text(self) -> str:
        """What was typed into the filter."""
        return self.query_one("#filter", Input).value

    @property
    def is_filtering(self) -> bool:
        """Whether the filter is shown."""
        return self.has_class("-filtering")

    def marked_runs(self) -> list[tuple[Run, int]]:
        """The marked runs that exist, with their slots."""
        existing = self._names()
        slots = self.marked.slots.items()
        return [(Run(self._runs_dir / name), slot) for name, slot in slots if name in existing]

    def mark_at_least_two(self) -> None:
        """Mark the run under the cursor, and the one below or else above it, while fewer are marked."""
        names = [run.summary.name for run in self.table.rows]
        here = self.table.cursor
        for name in [*names[here:], *reversed(names[:here])]:
            if len(self.marked_runs()) < 2 and name not in self.marked.slots:
                self.marked.toggle(name)
        self.draw()

    def clear_marks(self) -> None:
        """Unmark all runs."""
        self.marked.keep(())
        self.draw()

    def scan(self) -> None:
        """Read what has changed on disk, unless that is going on already."""
        if not self._is_scanning:
            self._is_scanning = True
            self._scan()

    def select_when_found(self, name: str) -> None:
        """Put the cursor on the run of this name as soon as it is found."""
        self._wanted = name

    def open_filter(self) -> None:
        """Show the filter, to type into."""
        self.add_class("-filtering")
        self.query_one("#filter", Input).focus()
        self.screen.refresh_bindings()

    def clear_filter(self) -> None:
        """Show all runs again."""
        self.query_one("#filter", Input).value = ""
        self.remove_class("-filtering")
        self.table.focus()
        self.screen.refresh_bindings()

    def next_order(self) -> None:
        """Order the list by the next criterion."""
        self._set_order(ORDERS[(ORDERS.index(self.order) + 1) % len(ORDERS)])

    def toggle_mark(self) -> bool:
        """Mark or unmark the run under the cursor, and move on to the next; False when all colors are taken."""
        run = self.selected
        if run is None:
            return True
        # A run just renamed may not have been found under its new name yet.
        self.marked.keep({*self._names(), self._wanted})
        if not self.marked.toggle(run.summary.name):
            return False
        self.table.action_move(1)
        self.draw()
        return True

    @on(SelectableTable.Highlighted)
    def _show_preview(self) -> None:
        self.query_one(RunPreview).show(self.selected)

    @on(SelectableTable.HeadClicked)
    def _order_by(self, event: SelectableTable.HeadClicked) -> None:
        order = order_of(event.head)
        if order is not None:
            self._set_order(order)

    @on(Input.Changed, "#filter")
    def _filter(self) -> None:
        self.draw()

    @on(Input.Submitted, "#filter")
    def _leave_filter(self) -> None:
        self.table.focus()
        self.set_class(bool(self.filter_text), "-filtering")

    def _set_order(self, order: Order) -> None:
        self.order = order
        self.draw()

    @work(thread=True)
    def _scan(self) -> None:
        """In a thread: reading many long logs for the first time takes seconds, and is shown as it goes."""
        found: list[ScannedRun] = []
        error, shown = "", monotonic()
        try:
            for run in self._index.scan():
                found.append(run)
                if monotonic() - shown > _SECONDS_BETWEEN_PARTS:
                    shown = monotonic()
                    self.post_message(RunsScanned(found.copy(), is_complete=False))
        except RunError as failure:
            error = str(failure)
        self.post_message(RunsScanned(found, is_complete=True, error=error))

    def on_runs_scanned(self, message: RunsScanned) -> None:
        """Show the runs; an incomplete list only before the first complete one."""
        if message.is_complete:
            self._is_scanning = False
            self.is_complete, self._error = True, message.error
        if message.is_complete or not self.is_complete:
            self.runs = message.runs
            self.draw()

    def draw(self) -> None:
        """Show the runs that match the filter, in order."""
        # As `is_on_top`: not under another screen, and not while this one is being closed.
        if not (self.screen.is_active and self.app.is_running):
            return
        self.table.show_runs(self.runs, self.order, self.filter_text)
        if self._wanted in self._names():
            self.table.move_to(self._wanted)
            self._wanted = ""
        update_text(self.query_one("#count", Label), self._count())
        self.set_class(self.is_complete and not self.runs, "-empty")
        self.set_class(bool(self.runs) and not self.table.rows, "-unmatched")
        nothing = _no_match(self.filter_text) if self.runs else _no_runs(self._runs_dir, self._error)
        update_text(self.query_one("#nothing", Static), nothing)
        if (self.selected is not None) != self._had_selection:
            self._had_selection = not self._had_selection
            self.screen.refresh_bindings()

    def _names(self) -> set[str]:
        return {run.run.name for run in self.runs}

    def _count(self) -> Content:
        shown, known = len(self.table.rows), len(self.runs)
        runs = "run" if known == 1 else "runs"
        count = f"{known} {runs}" if shown == known else f"{shown} of {known} {runs}"
        marked_count = len(self.marked_runs())
        marked = f" · {marked_count} marked" if marked_count else ""
        looking = "" if self.is_complete else " · looking …"
        return Content.assemble((count, "bold"), (f"{marked} · {_ORDER_WORDS[self.order]}{looking}", "$muted"))


def _no_match(filter_text: str) -> Content:
    return Content.assemble(
        ("No run matches ", "bold"),
        (filter_text, "bold $text-accent"),
        ("\n\n", ""),
        ("Esc", "bold"),
        " shows all again.",
    )


def _no_runs(runs_dir: Path, error: str) -> Content:
    """How to begin, or what is wrong."""
    if error:
        return Content.styled(error, "$text-error")
    return Content.assemble(
        ("No runs yet.\n\n", "bold"),
        "Press ",
        ("n", "bold $text-accent"),
        " to train the first one, or run\n",
        ("mnist-tui train", "bold"),
        " in another terminal: it appears here by itself.\n\n",
        (f"Looking in {runs_dir}", "$muted"),
    )
