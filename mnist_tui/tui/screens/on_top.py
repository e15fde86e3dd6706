"""Whether a screen can be drawn on."""

from __future__ import annotations

from typing import Any

from textual.screen import Screen


def is_on_top(screen: Screen[Any]) -> bool:
    """Whether no other screen covers it, not even in part, and it is not being closed.

    Textual's `is_current` is also true below a transparent top screen. Any change there redraws the whole top screen.
    Messages also arrive while a screen's widgets are being removed.
    """
    return screen.is_active and screen.app.is_running
