"""The keys that do something now, made from the bindings of a screen: for help and the command palette."""

from __future__ import annotations

from dataclasses import dataclass

from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import Screen

from mnist_tui.tui.keys import KEYS, MOVE_KEYS

# Arrows and their like are well known, and would hide the rest.
_UNLISTED = {entry.id for entry in MOVE_KEYS if entry.id not in ("enter", "back")}


@dataclass(frozen=True)
class Key:
    """A binding: the key as the user reads it, its description, and its action."""

    key: str
    description: str
    action: str
    node: DOMNode
    """The node whose action it is."""
    id: str = ""
    """Of its entry in the table of keys."""

    @property
    def is_global(self) -> bool:
        """Whether it is the app's, and so does the same on each screen."""
        return isinstance(self.node, App)

    @property
    def importance(self) -> int:
        """As the key bar has it."""
        entry = KEYS.get(self.id)
        return entry.importance if entry else 0

    @property
    def meaning(self) -> str:
        """A sentence on what it does, on any screen."""
        entry = KEYS.get(self.id)
        return entry.meaning if entry else ""

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
            key = Key(display, binding.description, binding.action, active.node, binding.id or "")
            found.setdefault(binding.action, key)
    return sorted(found.values(), key=lambda key: (key.is_global, -key.importance))


def _is_ours(node: DOMNode, binding: Binding) -> bool:
    """Not what Textual's own widgets bring."""
    return binding.id not in _UNLISTED and any(
        own.action == binding.action
        for kind in type(node).__mro__
        if not kind.__module__.startswith("textual.")
        for own in Binding.make_bindings(kind.__dict__.get("BINDINGS", ()))
    )
