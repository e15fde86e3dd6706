"""The three images that a finished network is most sure of and reads wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment

from mnist_tui.render.thumbnails import thumbnail
from mnist_tui.tui.widgets.frame.strip_lines import Line, StripLines, fit_line
from mnist_tui.tui.workers.learning_viewer import MOST_MISTAKES, WorstMistake

_LINES = 6
_WIDTH, _GAP = 2 * _LINES, 2
WIDTH = MOST_MISTAKES * (_WIDTH + _GAP) - _GAP
HEIGHT = _LINES + 1


class WorstMistakes(StripLines):
    """Each with its label, the answer, and how sure the network is of it."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"mistake--caption"}
    DEFAULT_CSS = f"""
    WorstMistakes {{
        width: {WIDTH};
        height: {HEIGHT};
        & > .mistake--caption {{ color: $text-error; text-style: bold; }}
    }}
    """

    def __init__(self) -> None:
        super().__init__()
        self._mistakes: Sequence[WorstMistake] = ()
        self._names: Sequence[str] = ()

    def notify_style_update(self) -> None:
        """Draw again in the colors of another theme."""
        super().notify_style_update()
        self.call_after_refresh(lambda: self.show(self._mistakes, self._names))

    def show(self, mistakes: Sequence[WorstMistake], names: Sequence[str]) -> None:
        """Draw these."""
        self._mistakes, self._names = mistakes, names
        plain = self.app.no_color
        style = self.get_component_rich_style("mistake--caption")
        cards: list[list[Line]] = []
        for one in mistakes:
            sure = f"{names[one.truth]} → {names[one.predicted]} {100 * one.confidence:.0f}%"
            image = thumbnail(one.pixels.tolist(), _LINES).lines(plain=plain)
            cards.append([*image, [Segment(sure, style)]])
        lines: list[Line] = []
        for parts in zip(*cards, strict=True):
            cells = [[*fit_line(part, _WIDTH, center=True), Segment(" " * _GAP)] for part in parts]
            lines.append([segment for cell in cells for segment in cell])
        self.show_lines(lines)
