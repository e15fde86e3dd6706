"""Corrections of Textual's `Screen`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.await_complete import AwaitComplete
from textual.errors import NoWidget
from textual.geometry import Region, Size

if TYPE_CHECKING:
    from textual.events import Key
    from textual.screen import Screen
    from textual.widget import Widget

    _Base = Screen[Any]
else:
    _Base = object  # or Textual would take the style of Screen alone, and not of what it is mixed into


class SafeScreen(_Base):
    """To be mixed into a screen before its Textual class."""

    def take_typed_ahead(self, event: Key) -> None:
        """A character that was typed before this screen came up; the app calls it. Bindings work without."""

    def dismiss(self, result: Any = None) -> AwaitComplete:
        """Close the screen if it is on top, and not before it is up.

        Keys and clicks in quick succession arrive when the screen has gone: a second result is an error in Textual,
        and would close the screen below (https://github.com/Textualize/textual/issues/4884). Or they arrive while it
        comes up, and widgets that are closed then fail at composing (https://github.com/Textualize/textual/issues/4668).
        """
        if self.app.screen is not self:
            return AwaitComplete()
        if not self.is_mounted:
            self.call_later(self._dismiss_unawaited, result)
            return AwaitComplete()
        return super().dismiss(result)

    def _dismiss_unawaited(self, result: Any) -> None:
        """Return nothing: a callback's result would be awaited by the very screen that is to close."""
        self.dismiss(result)

    def get_widget_at(self, x: int, y: int) -> tuple[Widget, Region]:
        """The widget at a cell, or the screen where there is none: the terminal may have become smaller since a click.

        Textual raises NoWidget: https://github.com/Textualize/textual/issues/3789
        """
        try:
            return super().get_widget_at(x, y)
        except NoWidget:
            return self, self.region

    def _screen_resized(self, size: Size) -> None:
        """Take only the size that the terminal has now: docs/upstream.md, 2.

        A screen posts itself each size it takes. With two on their way each would call forth the other, without end,
        and nothing would be drawn any more.
        """
        if size == self.app.size:
            super()._screen_resized(size)
