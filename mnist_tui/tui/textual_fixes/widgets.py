"""Corrections of Textual's `OptionList`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.command import CommandList
from textual.events import Click
from textual.widgets import OptionList

if TYPE_CHECKING:
    _Base = OptionList
else:
    _Base = object  # or Textual would take the style of OptionList alone, and not of what it is mixed into


class _SafeOptions(_Base):
    """To be mixed into a list of options before its Textual class."""

    def _move_page(self, direction: Any) -> None:
        """Do nothing where there is no room for a line: Textual looks for one. docs/upstream.md, 3."""
        if self.scrollable_content_region:
            super()._move_page(direction)

    async def _on_click(self, event: Click) -> None:
        """Ignore a click on an option that has gone since it was drawn: docs/upstream.md, 4."""
        if event.style.meta.get("option", -1) >= self.option_count:
            event.prevent_default()


class SafeOptionList(_SafeOptions, OptionList):
    """An OptionList."""


class SafeCommandList(_SafeOptions, CommandList):
    """The list of the command palette."""
