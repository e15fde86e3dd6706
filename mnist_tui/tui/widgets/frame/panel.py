"""A titled frame around a part of a screen."""

from __future__ import annotations

from textual.containers import Container


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
