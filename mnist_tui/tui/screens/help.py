"""Help: what is on the screen, and the keys that do something now; what is typed filters them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, NamedTuple

from rich.table import Table
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.events import Key as KeyPress
from textual.screen import Screen
from textual.widgets import Input, Label, Static

from mnist_tui.tui.active_keys import active_keys
from mnist_tui.tui.keys import bind
from mnist_tui.tui.screens.help_texts import describe
from mnist_tui.tui.screens.modal import Modal
from mnist_tui.tui.screens.panels import PanelScreen

# As wide as `space`; the descriptions, and the heading above them, begin two blanks later.
_KEY_WIDTH = 5
_ROOMY, _TALL = 60, 30
_PANEL = "Go to this panel; one that is hidden is shown alone"


class HelpRow(NamedTuple):
    """A key with what it does, in short and at length."""

    key: str
    description: str
    meaning: str = ""

    def matches(self, query: str) -> bool:
        """Whether every word of the query is in it."""
        text = " ".join(self).lower()
        return all(word in text for word in query.lower().split())


class HelpScreen(Modal[None]):
    """Closed by any of the keys that users try; `/`, or any other letter, begins a search."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("back", "close_search", "Close"),
        *(bind(key, "dismiss", "Close", show=False) for key in ("quit", "help", "enter")),
        bind("filter", "search", "Search"),
    ]
    DEFAULT_CSS = """
    HelpScreen {
        align: center middle;
        VerticalScroll {
            width: 104;
            max-width: 94%;
            height: auto;
            max-height: 94%;
            border: round $primary;
            border-title-style: bold;
            background: $surface;
            padding: 0 2;
        }
        #about { margin: 1 0 0 0; }
        &.-filtered #about { display: none; }
        Input { margin: 1 0 0 0; }
        #nothing { display: none; margin: 1 0; }
        Horizontal { height: auto; margin: 1 0; }
        Vertical { width: 1fr; height: auto; }
        Label { margin: 0 0 0 7; color: $text-accent; text-style: bold; }
        Static { height: auto; }
        Label.panels { margin: 1 0 0 7; }
        &.-narrow Horizontal { layout: vertical; }
        &.-narrow Vertical { width: 100%; margin-bottom: 1; }
    }
    """

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (_ROOMY, "-wide")]  # noqa: RUF012 - declared so by Textual

    def __init__(self, screen: Screen[object]) -> None:
        super().__init__()
        keys = active_keys(screen)
        own = [HelpRow(key.key, key.description, key.meaning) for key in keys if not key.is_global]
        everywhere = [HelpRow(key.key, key.description, key.meaning) for key in keys if key.is_global]
        panels = screen.panels() if isinstance(screen, PanelScreen) else []
        self._about = describe(screen)
        self._groups = {
            "This screen": own,
            "Panels": [HelpRow(panel.jump, panel.name_in_lists, _PANEL) for panel in panels],
            "Everywhere": everywhere,
        }

    def compose(self) -> ComposeResult:
        with VerticalScroll() as frame:
            frame.border_title = "Keys"
            frame.border_subtitle = "type to search · Esc closes"
            about = Static(Content(self._about), id="about")
            comes_first = self.app.size.width >= _ROOMY and self.app.size.height >= _TALL
            if comes_first:
                yield about
            with Horizontal():
                with Vertical():
                    yield from self._compose_group("This screen")
                with Vertical():
                    yield from self._compose_group("Everywhere")
                    yield from self._compose_group("Panels")
            yield Static("No key matches.", id="nothing")
            if not comes_first:  # but the keys, where not all fits
                yield about

    def _compose_group(self, heading: str) -> ComposeResult:
        if self._groups[heading]:
            yield Label(heading, classes=_id(heading))
            yield Static(_table(self._groups[heading]), id=_id(heading))

    async def action_search(self, text: str = "") -> None:
        """Show the line to type into, with this text."""
        if not self.query(Input):  # which most readers do without
            await self.query_one(VerticalScroll).mount(Input(placeholder="Search the keys", compact=True), before=0)
        line = self.query_one(Input)
        line.focus()
        line.insert_text_at_cursor(text)

    async def action_close_search(self) -> None:
        """Show all keys again, or close."""
        if not self.query(Input):
            self.dismiss()
            return
        await self.query(Input).remove()
        self._show("")
        self.query_one(VerticalScroll).focus()

    async def on_key(self, event: KeyPress) -> None:
        """A letter begins a search with itself, and goes on with it before the line has the focus."""
        letter = event.character or ""
        if isinstance(self.focused, Input):
            return
        if letter.isalnum() and (self.query(Input) or event.key not in self.active_bindings):
            event.stop()
            await self.action_search(letter)

    @on(Input.Changed)
    def _search(self, event: Input.Changed) -> None:
        self._show(event.value)

    def _show(self, query: str) -> None:
        """Show the rows that match, with their sentences; all rows for ""."""
        self.set_class(bool(query), "-filtered")
        found = {heading: [row for row in rows if row.matches(query)] for heading, rows in self._groups.items()}
        for heading, rows in found.items():
            for label in self.query(f"Label.{_id(heading)}"):
                label.display = bool(rows)
            for static in self.query(f"#{_id(heading)}").results(Static):
                static.display = bool(rows)
                static.update(_table(rows, in_full=bool(query)))
        self.query_one("#nothing").display = not any(found.values())

    @on(Input.Submitted)
    def _close(self) -> None:
        self.dismiss()


def _id(heading: str) -> str:
    return heading.lower().replace(" ", "-")


def _table(rows: Iterable[HelpRow], *, in_full: bool = False) -> Table:
    """Keys and descriptions; in full with the sentences below them."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True, justify="right", min_width=_KEY_WIDTH)
    table.add_column()
    for row in rows:
        text = Text(row.description)
        if in_full and row.meaning and row.meaning != row.description:
            text.append(f"\n{row.meaning}", style="dim")
        table.add_row(row.key, text)
    return table
