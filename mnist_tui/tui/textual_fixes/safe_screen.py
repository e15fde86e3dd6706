"""What Textual's screens lack: one answer each, once they are up, and no size or place that has gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.await_complete import AwaitComplete
from textual.errors import NoWidget
from textual.geometry import Region, Size

if TYPE_CHECKING:
    from textual.screen import Screen
    from textual.widget import Widget

    _Screen = Screen[Any]
else:
    _Screen = object  # or Textual would take the style of Screen alone, and not of what it is mixed into


class SafeScreen(_Screen):
    """To be mixed into a screen before its Textual class."""

    def dismiss(self, result: Any = None) -> AwaitComplete:
        """As Textual has it, but on top only, and not before it is up.

        Keys and clicks that were pressed in haste arrive when the screen has gone; a second answer would be an error,
        and would close what lay under the screen. Or they arrive while it comes up: widgets that are closed then fail
        at setting up what they have not got.
        """
        if self.app.screen is not self:
            return AwaitComplete()
        if not self.is_mounted:
            self.call_later(self._dismiss_unawaited, result)
            return AwaitComplete()
        return super().dismiss(result)

    def _dismiss_unawaited(self, result: Any) -> None:
        """A callback's result would be awaited, by the very screen that is to go."""
        self.dismiss(result)

    def get_widget_at(self, x: int, y: int) -> tuple[Widget, Region]:
        """As Textual has it, but the screen itself where there is nothing.

        What was pressed can lie outside when it is looked at: the terminal may have become smaller meanwhile.
        """
        try:
            return super().get_widget_at(x, y)
        except NoWidget:
            return self, self.region

    def _screen_resized(self, size: Size) -> None:
        """As Textual has it, but only to the size that the terminal has now.

        A screen tells itself of each size it takes. With two on their way each would call forth the other, without
        end, and nothing would be drawn any more.
        """
        if size == self.app.size:
            super()._screen_resized(size)
