"""A run for a lecture hall: its accuracy in figures as large as fit. The chart and a row of digits are under them."""

from __future__ import annotations

from textual.content import Content

from mnist_tui.render import formatting
from mnist_tui.runs.history import RunHistory
from mnist_tui.tui.widgets.drawing import big_digit
from mnist_tui.tui.widgets.frame.content_lines import ContentLines
from mnist_tui.tui.widgets.runs import run_figures

_MOST_SCALE = 4
# Of the height, at most this part is for the figures.
_SHARE = 0.38
_GAP = 2


class ProjectorFigures(ContentLines):
    """The accuracy, and under it whose it is and how far the run is."""

    DEFAULT_CSS = """
    ProjectorFigures { padding: 0 1; text-align: center; }
    """

    def advance(self, history: RunHistory, height: int) -> None:
        """Draw the run on a screen of so many lines."""
        number = run_figures.main_number(history)
        text = "–" if number.value is None else formatting.bare_percent(number.value)
        room = max(1, int(height * _SHARE) - 1)
        figures = draw_figures(text, self.size.width - 4, room)
        style = f"bold {number.style}"
        title = run_figures.epoch_title(history)
        note = f"%  {number.label}" + (f" · {title}" if title else "")
        self.show_lines([*(Content.styled(line, style) for line in figures), Content.styled(note, "bold")])


def draw_figures(text: str, width: int, lines: int) -> list[str]:
    """Digits and points as large as fit."""
    count = sum(character.isdigit() for character in text)
    scale = big_digit.scale_for((width - _GAP * len(text) - 4) // max(1, count), lines, _MOST_SCALE)
    glyphs = [_glyph(character, scale) for character in text]
    height = max((len(glyph) for glyph in glyphs), default=0)
    padded = [[" " * len(glyph[0])] * (height - len(glyph)) + glyph for glyph in glyphs if glyph]
    return [(" " * _GAP).join(glyph[row] for glyph in padded) for row in range(height)]


def _glyph(character: str, scale: int) -> list[str]:
    """A digit, or a point as heavy as its strokes."""
    if character == ".":
        return ["█" * scale] * max(1, scale // 2)
    return big_digit.draw(character, scale) or ["▄" * 3 * scale]
