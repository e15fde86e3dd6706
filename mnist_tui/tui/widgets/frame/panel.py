"""A titled frame around a part of a screen, and text that is updated only if it differs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from rich.text import Text
from textual.containers import Container
from textual.content import Content
from textual.events import Blur, Click
from textual.geometry import Region
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

_LETTER = "bold underline $text-accent"


class Panel(Container):
    """Rounded border, title on it; the border lights up while the focus is inside.

    With a `jump` letter, which its title shows, the screen goes to it when that capital letter is pressed.
    """

    DEFAULT_CSS = """
    Panel {
        border: round $line;
        border-title-color: $foreground;
        border-title-style: bold;
        border-subtitle-color: $muted;
        &:focus, &:focus-within { border: round $primary; }
    }
    """

    _title_line: int | None = None
    jump: str = ""
    """The capital letter that goes to this panel; "" for none."""

    class Chosen(Message):
        """Its title was clicked, or clicked twice, which zooms it."""

        def __init__(self, panel: Panel, *, zoom: bool) -> None:
            super().__init__()
            self.panel, self.zoom = panel, zoom

    def __init__(self, title: str, *, jump: str = "", id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.jump = jump
        self.name_in_lists = title
        """As help and the palette call it, whatever its title says at the moment."""
        self.border_title = title

    @property
    def border_title(self) -> str | None:
        """The title as markup; set from markup or content, in which the jump letter is then marked."""
        title: str | None = vars(Widget)["border_title"].__get__(self, type(self))
        return title

    @border_title.setter
    def border_title(self, title: Text | str | Content | None) -> None:
        if isinstance(title, Text):
            title = Content.from_rich_text(title)
        if title is not None and self.jump:
            title = mark_letter(self.render_str(title), self.jump)
        with self._redrawing_only(0):
            vars(Widget)["border_title"].__set__(self, title)

    @property
    def border_subtitle(self) -> str | None:
        """As the title, on the lower border and without a letter."""
        title: str | None = vars(Widget)["border_subtitle"].__get__(self, type(self))
        return title

    @border_subtitle.setter
    def border_subtitle(self, title: Text | str | Content | None) -> None:
        with self._redrawing_only(self.outer_size.height - 1):
            vars(Widget)["border_subtitle"].__set__(self, title)

    @contextmanager
    def _redrawing_only(self, line: int) -> Iterator[None]:
        """Within this context only one line is drawn anew: for a title Textual would draw all that is in the panel."""
        self._title_line = line
        try:
            yield
        finally:
            self._title_line = None

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        line = self._title_line
        if line is not None and not regions and not layout:
            if line < 0:
                return self
            # Counted from the content, which the border is around.
            regions = (Region(0, line, self.outer_size.width, 1).translate(-self.content_offset),)
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def take_focus(self) -> None:
        """Focus the first thing inside that can be; the panel itself if there is none."""
        target = next((widget for widget in self.query("*") if widget.focusable and _is_shown(widget, self)), None)
        if target is None:
            self.can_focus = True
        (target or self).focus()

    def on_blur(self, event: Blur) -> None:
        # Tab passes by what has no keys of its own.
        self.can_focus = type(self).can_focus

    def on_click(self, event: Click) -> None:
        if event.widget is self and event.y == 0:
            self.post_message(self.Chosen(self, zoom=event.chain == 2))


def mark_letter(title: Content, letter: str) -> Content:
    """The title with this letter marked: the first capital, beginning of a word, or any; else before the title."""
    text = title.plain
    places = (re.search(pattern, text) for pattern in (letter, rf"(?i)\b{letter}", rf"(?i){letter}"))
    found = next(filter(None, places), None)
    if found is None:
        return Content.assemble((letter, _LETTER), " ", title)
    return title.stylize(_LETTER, found.start(), found.end())


def _is_shown(widget: Widget, within: Widget) -> bool:
    """Whether neither it nor anything between it and `within` is hidden."""
    for node in widget.ancestors_with_self:
        if node is within:
            return True
        if isinstance(node, Widget) and not node.display:
            return False
    return True


def update_text(widget: Static, content: Content, *, layout: bool = True) -> None:
    """Update `widget` only if it would look different: each update redraws it, and with `layout` the whole screen."""
    shown = widget.content
    if not (isinstance(shown, Content) and shown.is_same(content)):
        widget.update(content, layout=layout)
