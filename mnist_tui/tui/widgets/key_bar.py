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


@dataclass(frozen=True)
class ShownKey:
    """One key: its name for Textual, as people read it, the words, and whether it would do anything."""

    key: str
    display: str
    words: str
    enabled: bool

    @property
    def width(self) -> int:
        """Columns: a blank around the key, and one after the words."""
        return Content(self.display).cell_length + Content(self.words).cell_length + 3


class KeyBar(Widget):
    """One row, made from the screen's bindings. A click presses the key.

    Textual's own Footer makes a widget for every key, and makes them anew whenever a screen comes up, which
    was half the time from a key to its screen.
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

    def on_mount(self) -> None:
        """Follow the screen's bindings."""
        self.screen.bindings_updated_signal.subscribe(self, self._look)

    def render(self) -> RenderResult:
        """Keys that do not fit are left out whole, rather than cut."""
        parts, room = [], self.size.width
        for key in self.keys:
            room -= key.width
            if room < 0:
                break
            style = "bold $footer-key-foreground" if key.enabled else "$text-disabled"
            parts.append(Content.styled(f" {key.display} ", style))
            parts.append(Content.styled(f"{key.words} ", "" if key.enabled else "$text-disabled"))
        return Content.assemble(*parts)

    def on_click(self, event: Click) -> None:
        """Press the key under the mouse."""
        column = event.x
        for key in self.keys:
            if column < key.width:
                self.app.simulate_key(key.key) if key.enabled else self.app.bell()
                return
            column -= key.width

    def _look(self, screen: Screen[object]) -> None:
        if self.is_attached and screen is self.screen:
            self.keys = shown_keys(screen)


def shown_keys(screen: Screen[object]) -> tuple[ShownKey, ...]:
    """What the bindings of `screen` want shown, each action once."""
    shown: dict[str, ShownKey] = {}
    for active in screen.active_bindings.values():
        binding: Binding = active.binding
        if binding.show:
            display = screen.app.get_key_display(binding)
            shown.setdefault(
                binding.action, ShownKey(binding.key, display, binding.description, active.enabled)
            )
    return tuple(shown.values())
