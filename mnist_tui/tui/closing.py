"""Screens that are left with an answer, which counts once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.await_complete import AwaitComplete

if TYPE_CHECKING:
    from textual.screen import Screen

    _Screen = Screen[Any]
else:
    _Screen = object  # or Textual would take the style of Screen alone, and not of what it is mixed into


class ClosesOnce(_Screen):
    """To be mixed into a screen before its Textual class."""

    def dismiss(self, result: Any = None) -> AwaitComplete:
        """As Textual has it, but on top only.

        Keys and clicks that were pressed in haste arrive when the screen has gone; a second answer would be an error,
        and would close what lay under the screen.
        """
        return super().dismiss(result) if self.app.screen is self else AwaitComplete()
