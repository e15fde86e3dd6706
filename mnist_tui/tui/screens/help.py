"""Help: the keys that do something now, made from the bindings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.table import Table
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.dom import DOMNode
from textual.screen import ModalScreen, Screen
from textual.widgets import Label, Static

from mnist_tui.tui.keys import bind
from mnist_tui.tui.textual_fixes.screens import SafeScreen

# As wide as `space`; the descriptions, and the heading above them, begin two blanks later.
_KEY_WIDTH = 5


@dataclass(frozen=True)
class Key:
    """A binding: the key as the user reads it, its description, and its action."""

    key: str
    description: str
    action: str
    node: DOMNode
    """The node whose action it is."""

    @property
    def is_global(self) -> bool:
        """Whether it is the app's, and so does the same on each screen."""
        return isinstance(self.node, App)

    async def press(self) -> None:
        """Run the action of this node, also where another screen has come up since."""
        await self.node.app.run_action(self.action, self.node)


def active_keys(screen: Screen[object]) -> list[Key]:
    """The screen's own first, the app's last; each action once, with the key that the key bar shows."""
    found: dict[str, Key] = {}
    for active in sorted(screen.active_bindings.values(), key=lambda active: not active.binding.show):
        binding = active.binding
        if binding.description and not binding.system and active.enabled and _is_ours(active.node, binding):
            display = screen.app.get_key_display(binding)
            found.setdefault(binding.action, Key(display, binding.description, binding.action, active.node))
    return sorted(found.values(), key=lambda key: key.is_global)


def _is_ours(node: DOMNode, binding: Binding) -> bool:
    """Not what Textual's own widgets bring: arrows and Tab are well known, and would hide the rest."""
    return any(
        own.action == binding.action
        for kind in type(node).__mro__
        if not kind.__module__.startswith("textual.")
        for own in Binding.make_bindings(kind.__dict__.get("BINDINGS", ()))
    )


class HelpScreen(SafeScreen, ModalScreen[None]):
    """Closed by any of the keys that users try."""

    BINDINGS: ClassVar[list[BindingType]] = [bind(key, "dismiss", "Close") for key in ("back", "quit", "help", "enter")]
    DEFAULT_CSS = """
    HelpScreen {
        align: center middle;
        VerticalScroll {
            width: 66;
            max-width: 90%;
            height: auto;
            max-height: 90%;
            border: round $primary;
            border-title-style: bold;
            background: $surface;
            padding: 1 2;
        }
        Horizontal { height: auto; }
        Vertical { width: 1fr; height: auto; }
        Label { margin: 0 0 0 7; color: $text-accent; text-style: bold; }
        Static { height: auto; }
        &.-narrow Horizontal { layout: vertical; }
        &.-narrow Vertical { width: 100%; margin-bottom: 1; }
    }
    """

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (60, "-wide")]  # noqa: RUF012 - declared so by Textual

    def __init__(self, keys: list[Key]) -> None:
        super().__init__()
        self._keys = keys

    def compose(self) -> ComposeResult:
        with VerticalScroll() as frame:
            frame.border_title = "Keys"
            frame.border_subtitle = "Esc closes"
            with Horizontal():
                for heading, is_global in (("This screen", False), ("Everywhere", True)):
                    keys = [key for key in self._keys if key.is_global is is_global]
                    if keys:
                        with Vertical():
                            yield Label(heading)
                            yield Static(_table(keys))


def _table(keys: list[Key]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True, justify="right", min_width=_KEY_WIDTH)
    table.add_column()
    for key in keys:
        table.add_row(key.key, key.description)
    return table
