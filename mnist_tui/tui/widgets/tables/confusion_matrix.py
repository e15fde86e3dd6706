"""The confusion matrix as a heat map; a cell is picked with keys or with the mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import BindingType
from textual.events import Click
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from mnist_tui.render.evaluation import cell, cell_style
from mnist_tui.render.heatmap import find_most_confused, right_color, wrong_color
from mnist_tui.tui.keys import bind

if TYPE_CHECKING:
    from mnist_tui.inference.evaluation import Evaluation

# The columns of a cell, and of a label; a zoomed matrix has higher cells, and wider ones to match.
_WIDEST, _NARROWEST, _LABEL = 6, 4, 3
_HIGHEST, _WIDTH_PER_LINE = 4, 3
_HEAD = 1

Cell = tuple[int, int]
"""Label and prediction."""


class ConfusionMatrix(Widget, can_focus=True):
    """Rows are labels, columns predictions. No cell is picked at first."""

    DEFAULT_CSS = """
    ConfusionMatrix { height: 1fr; min-height: 11; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("up", "move(-1, 0)", "Up", show=False),
        bind("down", "move(1, 0)", "Down", show=False),
        bind("left", "move(0, -1)", "Left", show=False),
        bind("right", "move(0, 1)", "Right", show=False),
        bind("enter", "open", "Its errors"),
    ]

    picked: reactive[Cell | None] = reactive(None)

    class Picked(Message):
        """Another cell is picked, or none."""

        def __init__(self, cell: Cell | None) -> None:
            super().__init__()
            self.cell = cell

    class Opened(Message):
        """Enter on a cell."""

    def __init__(self) -> None:
        super().__init__()
        self._evaluation: Evaluation | None = None

    def show(self, evaluation: Evaluation) -> None:
        """Draw another evaluation; the picked cell stays picked."""
        self._evaluation = evaluation
        self.refresh()

    def watch_picked(self, picked: Cell | None) -> None:
        self.post_message(self.Picked(picked))

    def action_move(self, down: int, across: int) -> None:
        """Pick the next cell; first the one with most mistakes."""
        if self._evaluation is None:
            return
        last = len(self._evaluation.classes) - 1
        if self.picked is None:
            self.picked = _worst_cell(self._evaluation)
            return
        row, column = self.picked
        self.picked = min(max(row + down, 0), last), min(max(column + across, 0), last)

    def action_open(self) -> None:
        """Go to the errors of the picked cell."""
        self.post_message(self.Opened())

    def on_click(self, event: Click) -> None:
        # A second click on a cell picks none.
        if self._evaluation is None:
            return
        row, column = (event.y - _HEAD) // self._cell_height, (event.x - _LABEL) // self._cell_width
        count = len(self._evaluation.classes)
        if event.y >= _HEAD and row < count and 0 <= column < count and event.x >= _LABEL:
            self.picked = None if self.picked == (row, column) else (row, column)

    def render_line(self, y: int) -> Strip:
        if self._evaluation is None:
            return self._pad_line([])
        count = len(self._evaluation.classes)
        if y == 0:
            return self._head(count)
        row, line = divmod(y - _HEAD, self._cell_height)
        if row >= count:
            return self._pad_line([])
        return self._row(self._evaluation, row, has_text=line == (self._cell_height - 1) // 2)

    @property
    def _cell_width(self) -> int:
        room = (self.size.width - _LABEL) // self._count
        widest = max(_WIDEST, _WIDTH_PER_LINE * self._cell_height)
        return min(max(room, _NARROWEST), widest)

    @property
    def _cell_height(self) -> int:
        return max(1, min((self.size.height - _HEAD) // self._count, _HIGHEST))

    @property
    def _count(self) -> int:
        return len(self._evaluation.classes) if self._evaluation else 10

    def _head(self, count: int) -> Strip:
        predicted = self.picked[1] if self.picked else -1
        segments = [Segment(" " * _LABEL)]
        for column in range(count):
            label = _label(self._evaluation, column)
            segments.append(Segment(f"{label:>{self._cell_width - 1}} ", self._label_style(column == predicted)))
        return self._pad_line(segments)

    def _row(self, evaluation: Evaluation, row: int, *, has_text: bool) -> Strip:
        """One line of a row; the counts are in the middle one."""
        most, support = find_most_confused(evaluation.confusion), evaluation.per_class[row].support
        is_label = self.picked is not None and self.picked[0] == row
        label = _label(evaluation, row) if has_text else ""
        segments = [Segment(f"{label:>{_LABEL - 1}} ", self._label_style(is_label))]
        for column, count in enumerate(evaluation.confusion[row]):
            color = right_color(count, support) if row == column else wrong_color(count, most)
            style = cell_style(color, is_mistake=row != column and count > 0)
            text = cell(count, self._cell_width) if has_text else " " * self._cell_width
            if (row, column) == self.picked:
                style += Style(bold=True, reverse=True)
                if has_text and len(text.strip()) < self._cell_width - 1:
                    text = f"[{text.strip():^{self._cell_width - 2}}]"
            segments.append(Segment(text, style))
        return self._pad_line(segments)

    def _pad_line(self, segments: list[Segment]) -> Strip:
        return Strip(segments).adjust_cell_length(self.size.width).apply_style(self.rich_style)

    def _label_style(self, is_picked: bool) -> Style:
        return Style(bold=True, reverse=is_picked)


def _label(evaluation: Evaluation | None, index: int) -> str:
    """The first two letters of a class, whose whole name is in the table beside it."""
    return evaluation.classes[index][:2] if evaluation is not None else ""


def _worst_cell(evaluation: Evaluation) -> Cell:
    cells = [(row, column) for row in range(len(evaluation.classes)) for column in range(len(evaluation.classes))]
    return max(cells, key=lambda place: (place[0] != place[1], evaluation.confusion[place[0]][place[1]]))
