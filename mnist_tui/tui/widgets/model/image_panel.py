"""Panels of images, which are drawn to fit the room, and in shades where colors are not wanted."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import RenderableType
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.events import Resize
from textual.widgets import Static

from mnist_tui.render.gallery import Room
from mnist_tui.tui.widgets.frame.panel import Panel

Draw = Callable[[Room, bool], RenderableType]
"""What to draw in so much room; True asks for shades."""


# Kept free also while everything fits: images that grow into its place would need it again.
_SCROLLBAR = 1


class ImagePanel(Panel):
    """Shows what a function draws for the room there is; scrolls what is longer."""

    DEFAULT_CSS = """
    ImagePanel {
        padding: 0 1;
        & > VerticalScroll { height: 1fr; }
        & Static { width: auto; height: auto; }
    }
    """

    def __init__(self, title: str, *, jump: str, id: str) -> None:
        super().__init__(title, jump=jump, id=id)
        self._draw: Draw | None = None
        self._scroll = VerticalScroll(can_focus=False)
        self._image = Static()

    def compose(self) -> ComposeResult:
        with self._scroll:
            yield self._image

    def show(self, title: str, draw: Draw, note: str = "") -> None:
        """Call `draw` now and whenever the room changes."""
        self._draw = draw
        self.border_title, self.border_subtitle = Content(title), Content(note)
        self._update()

    def show_text(self, title: str, text: str) -> None:
        """Show text instead of an image."""
        self._draw = None
        self.border_title, self.border_subtitle = Content(title), ""
        self._image.update(Content(text))

    def on_resize(self, event: Resize) -> None:
        self._update()

    def _update(self) -> None:
        room = self._scroll.outer_size
        if self._draw is not None and room.width > _SCROLLBAR:
            self._image.update(self._draw(Room(room.width - _SCROLLBAR, max(1, room.height)), self.app.no_color))
