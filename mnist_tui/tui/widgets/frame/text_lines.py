"""Lines of styled text for what changes many times per second: only changed lines are redrawn."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

StyledText = tuple[str, str]
"""Text, and the component class with its style."""

Line = Sequence[StyledText]


class TextLines(Widget):
    """Each line is a few spans of text. What does not fit is cut off at the right and below."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: Sequence[Line] = ()

    def show_lines(self, lines: Sequence[Line]) -> None:
        before, self._lines = self._lines, lines
        if len(before) != len(lines):
            self.refresh()
            return
        top, width = self.gutter.top, self.size.width
        changed = [number for number, pair in enumerate(zip(before, lines, strict=True)) if pair[0] != pair[1]]
        if changed:
            self.refresh(*(Region(0, top + number, width, 1) for number in changed))

    def render_line(self, y: int) -> Strip:
        spans = self._lines[y] if y < len(self._lines) else ()
        segments = [Segment(text, self.get_component_rich_style(name)) for text, name in spans if text]
        return Strip(segments, sum(cell_len(text) for text, _ in spans))
