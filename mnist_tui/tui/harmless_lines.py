"""Every line of the dashboard without control codes: Textual itself drops only a few of them."""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from mnist_tui.harmless_text import without_control_codes


class HarmlessLines(LineFilter):
    """Drops what has no width but power over the terminal: a run's name and notices are a stranger's texts."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same line; the very same list where there is nothing to drop, as nearly always."""
        if all(segment.text.isprintable() for segment in segments):
            return segments
        return [Segment(without_control_codes(segment.text), segment.style) for segment in segments]
