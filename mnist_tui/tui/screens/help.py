"""`?`: the keys that do something right now, made from the bindings themselves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import ClassVar

from rich.table import Table
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.dom import DOMNode
from textual.screen import ModalScreen, Screen
from textual.widgets import Static


@dataclass(frozen=True)
class Key:
    """One binding: the key as people read it, the words, the action."""

    key: str
    words: str
    action: str

    def run(self, app: App[int]) -> Callable[[], Awaitable[object]]:
        """What the palette calls."""
        return lambda: app.screen.run_action(self.action)


def active_keys(screen: Screen[object]) -> list[Key]:
    """The screen's own first, the app's last; each action once, on the key that the footer shows."""
    found: dict[str, Key] = {}
    for active in sorted(screen.active_bindings.values(), key=lambda active: not active.binding.show):
        binding = active.binding
        if binding.description and not binding.system and active.enabled and _is_ours(active.node, binding):
            namespace = "app." if active.node is screen.app else ""
            action = namespace + binding.action if "." not in binding.action else binding.action
            found.setdefault(action, Key(screen.app.get_key_display(binding), binding.description, action))
    return sorted(found.values(), key=lambda key: key.action.startswith("app."))


def _is_ours(node: DOMNode, binding: Binding) -> bool:
    """Not what Textual's own widgets bring: everybody knows arrows and Tab, and they would hide the rest."""
    return any(
        own.action == binding.action
        for kind in type(node).__mro__
        if not kind.__module__.startswith("textual.")
        for own in Binding.make_bindings(kind.__dict__.get("BINDINGS", ()))
    )


class HelpScreen(ModalScreen[None]):
    """Closed by any of the keys people try."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,q,question_mark,enter", "dismiss", "Close")]
    DEFAULT_CSS = """
    HelpScreen {
        align: center middle;
        VerticalScroll {
            width: 64;
            max-width: 90%;
            height: auto;
            max-height: 90%;
            border: round $primary;
            border-title-style: bold;
            background: $surface;
            padding: 1 2;
        }
        Static { height: auto; }
    }
    """

    def __init__(self, keys: list[Key]) -> None:
        super().__init__()
        self._keys = keys

    def compose(self) -> ComposeResult:
        """A table in a frame."""
        table = Table.grid(padding=(0, 3))
        table.add_column(style="bold", no_wrap=True, justify="right")
        table.add_column()
        for key in self._keys:
            table.add_row(key.key, key.words)
        with VerticalScroll() as frame:
            frame.border_title = "Keys"
            frame.border_subtitle = "Esc closes"
            yield Static(table)
