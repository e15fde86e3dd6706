"""Removing control codes from every line of the dashboard: Textual itself removes only a few."""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from mnist_tui.system.sanitize import strip_control_codes


class SafeLines(LineFilter):
    """Removes characters without width that could control the terminal: names and notices of runs are untrusted."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same line; the identical list if there is nothing to remove, as nearly always."""
        if all(segment.text.isprintable() for segment in segments):
            return segments
        return [Segment(strip_control_codes(segment.text), segment.style) for segment in segments]
