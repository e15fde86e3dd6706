"""Updates text that is computed often and seldom changes."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static


def update_text(widget: Static, content: Content, *, layout: bool = True) -> None:
    """Update `widget` only if it would look different: each update redraws it, and with `layout` the whole screen."""
    shown = widget.content
    if not (isinstance(shown, Content) and shown.is_same(content)):
        widget.update(content, layout=layout)
