"""Which classes the network confuses most, as bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.content import Content
from textual.events import Resize

from mnist_tui.tui.widgets.frame.content_lines import ContentLines
from mnist_tui.tui.widgets.frame.panel import Panel

if TYPE_CHECKING:
    from mnist_tui.inference.digit_answers import Confusion

# From this width on, in cells, two columns fit.
_TWO_COLUMNS = 60
_GAP = 3


class ConfusionsPanel(Panel):
    """`4 → 9  12 ███████`: of images of class 4, how many are taken for 9; the most frequent first."""

    DEFAULT_CSS = """
    ConfusionsPanel { padding: 0 1; & > ContentLines { height: 1fr; } }
    """

    def __init__(self) -> None:
        super().__init__("Confusions", jump="C")
        self.text = ContentLines()
        self._confusions: Sequence[Confusion] = ()
        self._class_names: Sequence[str] = ()

    def compose(self) -> ComposeResult:
        yield self.text

    def on_resize(self, _: Resize) -> None:
        self._draw()

    def show_confusions(self, confusions: Sequence[Confusion], classes: Sequence[str], note: str) -> None:
        """Draw these; `note` says among how many test images and when."""
        self._confusions, self._class_names = confusions, classes
        wrong = sum(one.count for one in confusions)
        self.border_title = f"Confusions · {wrong:,} wrong of {note}"
        self._draw()

    def _draw(self) -> None:
        width, height = self.content_size
        if not width or not self._class_names:
            return
        if not self._confusions:
            self.text.show_lines([Content("None: every one of these images is read correctly.")])
            return
        columns = 2 if width >= _TWO_COLUMNS else 1
        each = (width - _GAP * (columns - 1)) // columns
        shown = self._confusions[: height * columns]
        names = max(len(self._pair(one)) for one in shown)
        most = shown[0].count
        cells = [self._line(one, names, len(f"{most:,}"), most, each) for one in shown]
        rows = [cells[at::height] for at in range(min(height, len(cells)))]
        self.text.show_lines([Content(" " * _GAP).join(row) for row in rows])

    def _pair(self, one: Confusion) -> str:
        return f"{self._class_names[one.truth]} → {self._class_names[one.predicted]}"

    def _line(self, one: Confusion, names: int, digits: int, most: int, width: int) -> Content:
        room = max(0, width - names - digits - 4)
        halves = max(1, round(2 * room * one.count / most)) if room else 0
        bar = "━" * (halves // 2) + "╸" * (halves % 2)
        return Content.assemble(
            (f"{self._pair(one):<{names}}", "bold"), f"  {one.count:>{digits},}  ", (f"{bar:<{room}}", "$text-error")
        )
