"""Ready lines of cells, such as images: only lines that differ are written to the terminal again."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

Line = list[Segment]


class StripLines(Widget):
    """Shows lines that its owner has made for its size. What does not fit is cut off."""

    DEFAULT_CSS = """
    StripLines { height: 1fr; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._strips: list[Strip] = []

    def show_lines(self, lines: Sequence[Line]) -> None:
        """Replace the lines."""
        before, self._strips = self._strips, [Strip(line).simplify() for line in lines]
        if len(before) != len(self._strips):
            self.refresh()
            return
        changed = [at for at, pair in enumerate(zip(before, self._strips, strict=True)) if pair[0] != pair[1]]
        if changed:
            self.refresh(*(Region(0, at, self.size.width, 1) for at in changed))

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y >= len(self._strips):
            return Strip.blank(width, self.rich_style)
        return self._strips[y].adjust_cell_length(width).apply_style(self.rich_style)


def fit_line(line: Line, width: int, *, center: bool = False) -> Line:
    """The line in exactly `width` cells: cut, or with blanks behind it or on both sides."""
    strip = Strip(line)
    blank = max(0, width - strip.cell_length)
    before = blank // 2 if center else 0
    cells = strip if blank else strip.crop(0, width)
    parts = [Segment(" " * before), *cells, Segment(" " * (blank - before))]
    return [part for part in parts if part.text]
