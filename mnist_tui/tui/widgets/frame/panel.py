"""A titled frame around a part of a screen, and text that is updated only if it differs."""

from __future__ import annotations

from textual.containers import Container
from textual.content import Content
from textual.widgets import Static


class Panel(Container):
    """Rounded border, title on it; the border lights up while the focus is inside."""

    DEFAULT_CSS = """
    Panel {
        border: round $foreground 25%;
        border-title-color: $foreground 80%;
        border-title-style: bold;
        border-subtitle-color: $foreground 60%;
        &:focus-within { border: round $primary; }
    }
    """

    def __init__(self, title: str) -> None:
        super().__init__()
        self.border_title = title


def update_text(widget: Static, content: Content, *, layout: bool = True) -> None:
    """Update `widget` only if it would look different: each update redraws it, and with `layout` the whole screen."""
    shown = widget.content
    if not (isinstance(shown, Content) and shown.is_same(content)):
        widget.update(content, layout=layout)
