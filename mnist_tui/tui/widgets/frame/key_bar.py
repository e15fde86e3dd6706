"""The line at the bottom of every screen: the keys that do something right now."""

from __future__ import annotations

from dataclasses import dataclass

from textual.app import RenderResult
from textual.binding import Binding
from textual.content import Content
from textual.events import Click
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget

from mnist_tui.tui.keys import KEYS

# Of a key that the table does not have, and what a key gains while the focus is where it works.
_USUAL, _OF_THE_FOCUS = 50, 5


@dataclass(frozen=True)
class ShownKey:
    """One key: its name for Textual and for the user, its description, and whether it would do anything."""

    key: str
    display: str
    description: str
    enabled: bool
    is_global: bool = False
    """Whether it is the app's: those are on the right, in the same place on each screen."""
    importance: int = 0
    """The most important are on the left, and left out last."""

    @property
    def width(self) -> int:
        """Columns: with a blank on either side of the key, and one after the description."""
        return Content(self.display).cell_length + Content(self.description).cell_length + 3


class KeyBar(Widget):
    """One row, made from the screen's bindings. A click presses the key.

    Textual's own Footer creates a widget for each key whenever a screen comes up, which took half of the time from a
    key to its screen.
    """

    DEFAULT_CSS = """
    KeyBar {
        dock: bottom;
        height: 1;
        color: $footer-foreground;
        background: $footer-background;
    }
    """

    keys: reactive[tuple[ShownKey, ...]] = reactive(())

    def __init__(self, hints: tuple[ShownKey, ...] = ()) -> None:
        """`hints` are shown in place of the screen's own keys, where those are Textual's and say nothing."""
        super().__init__()
        self._hints = hints

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._update)
        self._update(self.screen)

    def render(self) -> RenderResult:
        """The screen's keys left, the app's right. What does not fit is left out whole rather than cut."""
        left, right = self._fit_keys()
        gap = self.size.width - sum(key.width for key in (*left, *right))
        return Content.assemble(*map(_key_content, left), " " * gap, *map(_key_content, right))

    def on_click(self, event: Click) -> None:
        left, right = self._fit_keys()
        column = event.x
        beginning = self.size.width - sum(key.width for key in right)
        if column >= beginning:
            left, column = right, column - beginning
        for key in left:
            if column < key.width:
                self.app.simulate_key(key.key) if key.enabled else self.app.bell()
                return
            column -= key.width

    def _fit_keys(self) -> tuple[list[ShownKey], list[ShownKey]]:
        """The keys there is room for; the app's come first, as help is among them."""
        room = self.size.width
        chosen: list[ShownKey] = []
        for key in sorted(self.keys, key=lambda key: (key.is_global, key.importance), reverse=True):
            if key.width <= room:
                room -= key.width
                chosen.append(key)
        return [key for key in chosen if not key.is_global], [key for key in chosen if key.is_global]

    def _update(self, screen: Screen[object]) -> None:
        if self.is_attached and screen is self.screen:
            self.keys = self._hints or visible_keys(screen)


def visible_keys(screen: Screen[object]) -> tuple[ShownKey, ...]:
    """The keys of `screen` that its bindings show, each action once; those of what has the focus gain importance."""
    shown: dict[str, ShownKey] = {}
    for active in screen.active_bindings.values():
        binding: Binding = active.binding
        if binding.show:
            display = screen.app.get_key_display(binding)
            is_global = active.node is screen.app
            entry = KEYS.get(binding.id or "")
            importance = entry.importance if entry else _USUAL
            if active.node not in (screen, screen.app):
                importance += _OF_THE_FOCUS
            shown.setdefault(
                binding.action,
                ShownKey(binding.key, display, binding.description, active.enabled, is_global, importance),
            )
    return tuple(shown.values())


def _key_content(key: ShownKey) -> Content:
    style, text_style = ("bold $footer-key-foreground", "") if key.enabled else ("$text-disabled", "$text-disabled")
    return Content.assemble((f" {key.display} ", style), (f"{key.description} ", text_style))
