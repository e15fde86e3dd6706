"""Whether a screen can be drawn on."""

from __future__ import annotations

from typing import Any

from textual.screen import Screen


def is_on_top(screen: Screen[Any]) -> bool:
    """No other screen covers it, not even in part, and it is not about to go.

    Textual's `is_current` is also true of what lies below the top screen. Whatever changes there has the whole of the
    top screen drawn again. And messages still arrive while a screen's widgets are being taken down.
    """
    return screen.is_active and screen.app.is_running
