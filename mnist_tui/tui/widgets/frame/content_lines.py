"""Lines of styled text that change many times per second: only the cells that differ are written to the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.geometry import Region
from textual.strip import Strip
from textual.visual import Visual
from textual.widget import Widget


class ContentLines(Widget):
    """One `Content` per line. What does not fit is cut off at the right and below."""

    DEFAULT_CSS = """
    ContentLines { height: auto; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._lines: Sequence[Content] = ()

    @property
    def lines(self) -> Sequence[Content]:
        """What is shown."""
        return self._lines

    def show_lines(self, lines: Sequence[Content]) -> None:
        """Replace the lines; another number of them changes the layout."""
        before, self._lines = self._lines, lines
        if len(before) != len(lines):
            self.refresh(layout=True)
            return
        regions = [
            region
            for number, (old, new) in enumerate(zip(before, lines, strict=True))
            if (region := _changed_region(number, old, new, self.size.width)) is not None
        ]
        if regions:
            self.refresh(*regions)

    def get_content_height(self, *_: object) -> int:
        return len(self._lines)

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        strips = Visual.to_strips(self, self._lines[y], width, 1, self.visual_style, pad=True, apply_selection=False)
        return strips[0] if strips else Strip.blank(width, self.rich_style)


def _changed_region(number: int, old: Content, new: Content, width: int) -> Region | None:
    """The cells of a line that differ; None where none does."""
    if old.is_same(new):
        return None
    before, after = old.plain, new.plain
    # Styles may differ where the text does not, and a wide character is not one cell.
    if old.spans != new.spans or not len(before) == len(after) == old.cell_length == new.cell_length:
        return Region(0, number, width, 1)
    differ = [at for at, (one, other) in enumerate(zip(before, after, strict=True)) if one != other]
    return Region(differ[0], number, differ[-1] - differ[0] + 1, 1)
