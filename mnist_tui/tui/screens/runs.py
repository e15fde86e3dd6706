"""Runs: every run with its numbers, found by typing, kept up to date while others write them."""

from __future__ import annotations

from pathlib import Path
from time import monotonic
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Label, Static

from mnist_tui.errors import RunError
from mnist_tui.runs import Run
from mnist_tui.runs.index import RunIndex, ScannedRun
from mnist_tui.tui.run_format import MarkedRuns
from mnist_tui.tui.screens.base import is_on_top
from mnist_tui.tui.screens.run import RunScreen
from mnist_tui.tui.screens.run_actions import RunActions
from mnist_tui.tui.widgets.frame.update_text import update_text
from mnist_tui.tui.widgets.runs.run_preview import RunPreview
from mnist_tui.tui.widgets.tables.runs_table import ORDERS, Order, RunsTable, order_of
from mnist_tui.tui.widgets.tables.table import SelectableTable
from mnist_tui.tui.workspace import Workspace

_SECONDS_BETWEEN_LOOKS = 1.0
_SECONDS_BETWEEN_PARTS = 0.3
_OF_A_RUN = {"mark", "compare", "resume", "rename", "export", "delete", "again"}
_ORDER_WORDS: dict[Order, str] = {
    "newest": "newest first",
    "best": "best accuracy first",
    "final": "final accuracy first",
    "name": "by name",
    "status": "by status",
    "time": "longest first",
}


class Scanned(Message):
    """What the folder holds now, from the thread that looked; `whole` once all of it is known."""

    def __init__(self, runs: list[ScannedRun], *, whole: bool, error: str = "") -> None:
        super().__init__()
        self.runs, self.whole, self.error = runs, whole, error


class RunsScreen(RunActions):
    """The list, a preview where there is room, and the filter."""

    TAB = "runs"
    CSS_PATH = "runs.tcss"
    # Never the filter by itself, which would swallow every key: not even when there is no list to focus.
    AUTO_FOCUS = "RunsTable"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (150, "-wide")]  # noqa: RUF012 - as Textual declares it
    VERTICAL_BREAKPOINTS = [(0, "-short"), (32, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", key_display="/"),
        Binding("o", "order", "Order", show=False),
        Binding("escape", "clear", "Clear filter"),
        Binding("down", "list", "To the list", show=False),
    ]

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self.runs_dir = runs_dir = workspace.folders.runs
        self.marks = MarkedRuns()
        self.order: Order = "newest"
        self.found: list[ScannedRun] = []
        self._index = RunIndex(runs_dir)
        self._looking = False
        self.is_complete = False
        """Whether all runs have been read once."""
        self._error = self._wanted = ""
        self._had_none = True

    def body(self) -> ComposeResult:
        """Head line, list beside preview, filter."""
        with Horizontal(id="head"):
            yield Label(id="count")
            yield Input(placeholder="name, dataset, model, recipe or status", id="filter", compact=True)
        with Container(id="panes"):
            yield RunsTable()
            yield RunPreview()
        yield Static(id="nothing")

    def on_mount(self) -> None:
        """Look, and go on looking."""
        self.table.marks = self.marks.slots
        self.table.focus()
        self.set_interval(_SECONDS_BETWEEN_LOOKS, self._look)

    def on_screen_resume(self) -> None:
        """Shown for the first time, or again: much may have changed meanwhile."""
        self._look()

    @property
    def table(self) -> RunsTable:
        """The list."""
        return self.query_one(RunsTable)

    @property
    def query_text(self) -> str:
        """What was typed into the filter."""
        return self.query_one("#filter", Input).value

    def selected(self) -> ScannedRun | None:
        """The run under the cursor."""
        return self.table.current

    def names(self) -> set[str]:
        """Of all runs, shown or not."""
        return {found.run.name for found in self.found}

    def marked(self) -> list[tuple[Run, int]]:
        """The marked runs that are there, with their colours' numbers."""
        there = self.names()
        return [(Run(self.runs_dir / name), slot) for name, slot in self.marks.slots.items() if name in there]

    def changed(self, name: str = "") -> None:
        """Runs were changed here: show it at once, with the cursor on the run called `name`."""
        self._wanted = name
        self._look()

    def action_filter(self) -> None:
        """Type to filter."""
        self.add_class("-filtering")
        self.query_one("#filter", Input).focus()
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing to clear while nothing is filtered, and nothing to do with a run while there is none."""
        if action == "clear":
            return self.has_class("-filtering")
        if action in ("filter", "order"):
            return bool(self.found)
        return action not in _OF_A_RUN or self.selected() is not None

    def action_list(self) -> None:
        """Out of the filter, which stays."""
        self.table.focus()

    def action_clear(self) -> None:
        """All runs again."""
        self.query_one("#filter", Input).value = ""
        self.remove_class("-filtering")
        self.table.focus()
        self.refresh_bindings()

    def action_order(self) -> None:
        """The next order."""
        self._set_order(ORDERS[(ORDERS.index(self.order) + 1) % len(ORDERS)])

    def action_mark(self) -> None:
        """Mark the run for comparing, or no longer; on to the next."""
        run = self.selected()
        if run is None:
            return
        # A run just renamed may not have been seen under its new name yet.
        self.marks.keep({*self.names(), self._wanted})
        if not self.marks.toggle(run.summary.name):
            self.notify("More runs than can be told apart by colour.", severity="warning")
            return
        self.table.action_move(1)
        self._draw()

    @on(SelectableTable.Opened)
    def action_open(self) -> None:
        """The run's whole story; followed while it is written."""
        run = self.selected()
        if run is None:
            return
        if run.summary.status == "unreadable":
            reason = f"There is nothing to open: {run.summary.reason}. d deletes the run."
            self.notify(reason, severity="warning", markup=False)
        else:
            self.app.push_screen(RunScreen(run.run))

    @on(SelectableTable.Highlighted)
    def _preview(self) -> None:
        self.query_one(RunPreview).show(self.selected())

    @on(SelectableTable.HeadClicked)
    def _order_by(self, event: SelectableTable.HeadClicked) -> None:
        order = order_of(event.head)
        if order is not None:
            self._set_order(order)

    @on(Input.Changed, "#filter")
    def _typed(self) -> None:
        self._draw()

    @on(Input.Submitted, "#filter")
    def _filtered(self) -> None:
        self.table.focus()
        self.set_class(bool(self.query_text), "-filtering")

    def _set_order(self, order: Order) -> None:
        self.order = order
        self._draw()

    def _look(self) -> None:
        # One look at a time; and nobody sees what a screen below another one would find.
        if not self._looking and is_on_top(self):
            self._looking = True
            self._scan()

    @work(thread=True)
    def _scan(self) -> None:
        """In a thread: the first look at many long logs takes seconds, and is shown as it goes."""
        found: list[ScannedRun] = []
        error, shown = "", monotonic()
        try:
            for run in self._index.scan():
                found.append(run)
                if monotonic() - shown > _SECONDS_BETWEEN_PARTS:
                    shown = monotonic()
                    self.post_message(Scanned(found.copy(), whole=False))
        except RunError as failure:
            error = str(failure)
        self.post_message(Scanned(found, whole=True, error=error))

    def on_scanned(self, message: Scanned) -> None:
        """Take over what was found; half a look is worth showing only before the first whole one."""
        if message.whole:
            self._looking = False
            self.is_complete, self._error = True, message.error
        if message.whole or not self.is_complete:
            self.found = message.runs
            self._draw()

    def _draw(self) -> None:
        if not is_on_top(self):
            return
        self.table.show_runs(self.found, self.order, self.query_text)
        if self._wanted in self.names():
            self.table.move_to(self._wanted)
            self._wanted = ""
        update_text(self.query_one("#count", Label), self._count())
        self.set_class(self.is_complete and not self.found, "-empty")
        self.set_class(bool(self.found) and not self.table.rows, "-unmatched")
        nothing = _no_match(self.query_text) if self.found else nothing_here(self.runs_dir, self._error)
        update_text(self.query_one("#nothing", Static), nothing)
        if (self.selected() is None) != self._had_none:
            self._had_none = not self._had_none
            self.refresh_bindings()

    def _count(self) -> Content:
        shown, known = len(self.table.rows), len(self.found)
        runs = "run" if known == 1 else "runs"
        count = f"{known} {runs}" if shown == known else f"{shown} of {known} {runs}"
        count_marked = len(self.marked())
        marked = f" · {count_marked} marked" if count_marked else ""
        looking = "" if self.is_complete else " · looking …"
        return Content.assemble(
            (count, "bold"), (f"{marked} · {_ORDER_WORDS[self.order]}{looking}", "$foreground 60%")
        )


def _no_match(query: str) -> Content:
    """What a list says that is filtered to nothing."""
    return Content.assemble(
        ("No run matches ", "bold"),
        (query, "bold $text-accent"),
        ("\n\n", ""),
        ("Esc", "bold"),
        " shows all again.",
    )


def nothing_here(runs_dir: Path, error: str) -> Content:
    """What an empty list says: how to begin, or what is wrong."""
    if error:
        return Content.styled(error, "$text-error")
    return Content.assemble(
        ("No runs yet.\n\n", "bold"),
        "Press ",
        ("1", "bold $text-accent"),
        " and then ",
        ("n", "bold $text-accent"),
        " to train the first one, or run\n",
        ("mnist-tui train", "bold"),
        " in another terminal: it appears here by itself.\n\n",
        (f"Looking in {runs_dir}", "$foreground 60%"),
    )
