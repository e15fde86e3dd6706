"""Whether a screen can be drawn on."""

from __future__ import annotations

from typing import Any

from textual.screen import Screen


def is_on_top(screen: Screen[Any]) -> bool:
    """Shown, and not about to go: messages still arrive while its widgets are being taken down."""
    return screen.is_current and screen.app.is_running
