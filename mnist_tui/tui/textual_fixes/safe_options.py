"""What Textual's lists of options lack: patience with what comes when their room, or an option, has gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.command import CommandList
from textual.events import Click
from textual.widgets import OptionList
from textual.widgets._select import SelectOverlay

if TYPE_CHECKING:
    _OptionList = OptionList
else:
    # Or Textual would take the style of OptionList alone, and not of what it is mixed into.
    _OptionList = object


class _Sure(_OptionList):
    """To be mixed into a list before its Textual class."""

    def _move_page(self, direction: Any) -> None:
        """As Textual has it, but without room for a line there are no pages to turn."""
        if self.scrollable_content_region:
            super()._move_page(direction)

    async def _on_click(self, event: Click) -> None:
        """A click on an option that has gone since it was drawn is one on nothing; Textual's own comes after this."""
        if event.style.meta.get("option", -1) >= self.option_count:
            event.prevent_default()


class SafeOptionList(_Sure, OptionList):
    """An OptionList."""


class SafeSelect(_Sure, SelectOverlay):
    """The list that a Select opens."""


class SafeCommandList(_Sure, CommandList):
    """What the palette has found."""
