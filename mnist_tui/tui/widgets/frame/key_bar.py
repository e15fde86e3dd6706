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
    everywhere: bool = False
    """Whether it is the app's: those stand on the right, where they are on every screen."""

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
        """The screen's keys left, the app's right. What does not fit is left out whole, rather than cut."""
        left, right = self._fitting()
        gap = self.size.width - sum(key.width for key in (*left, *right))
        return Content.assemble(*map(_drawn, left), " " * gap, *map(_drawn, right))

    def on_click(self, event: Click) -> None:
        """Press the key under the mouse."""
        left, right = self._fitting()
        column = event.x
        beginning = self.size.width - sum(key.width for key in right)
        if column >= beginning:
            left, column = right, column - beginning
        for key in left:
            if column < key.width:
                self.app.simulate_key(key.key) if key.enabled else self.app.bell()
                return
            column -= key.width

    def _fitting(self) -> tuple[list[ShownKey], list[ShownKey]]:
        """The keys there is room for; the app's come first, as help is among them."""
        room = self.size.width
        chosen: list[ShownKey] = []
        for everywhere in (True, False):
            for key in (key for key in self.keys if key.everywhere is everywhere):
                room -= key.width
                if room < 0:
                    break
                chosen.append(key)
        return [key for key in chosen if not key.everywhere], [key for key in chosen if key.everywhere]

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
            everywhere = active.node is screen.app
            shown.setdefault(
                binding.action,
                ShownKey(binding.key, display, binding.description, active.enabled, everywhere),
            )
    return tuple(shown.values())


def _drawn(key: ShownKey) -> Content:
    style, words = (
        ("bold $footer-key-foreground", "") if key.enabled else ("$text-disabled", "$text-disabled")
    )
    return Content.assemble((f" {key.display} ", style), (f"{key.words} ", words))
