"""The images that a network gets wrong, as many side by side as fit; only those in view are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style
from textual.events import Resize
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from mnist_tui.render import formatting
from mnist_tui.render.pixels import gray_image

if TYPE_CHECKING:
    from torch import Tensor

    from mnist_tui.inference.evaluation import Mistake

_SIDE, _IMAGE_LINES, _GAP = 28, 14, 2
_CAPTION = 2
_BOLD = Style(bold=True)
_CARD = _IMAGE_LINES + _CAPTION + 1


class MistakesGallery(ScrollView, can_focus=True):
    """Each image with its label and the three most probable classes below it."""

    DEFAULT_CSS = """
    MistakesGallery { background: transparent; overflow-x: hidden; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._mistakes: Sequence[Mistake] = ()
        self._names: Sequence[str] = ()
        self._images: Tensor | None = None
        self._cards: dict[int, list[Strip]] = {}

    def show(self, mistakes: Sequence[Mistake], images: Tensor, classes: Sequence[str]) -> None:
        """Draw these mistakes, the first at the top."""
        self._mistakes, self._images, self._names = mistakes, images, classes
        self._cards.clear()
        self.scroll_to(y=0, animate=False)
        self._arrange()

    @property
    def shown(self) -> Sequence[Mistake]:
        """All mistakes, in view or not."""
        return self._mistakes

    def on_resize(self, event: Resize) -> None:
        self._arrange()

    @property
    def _columns(self) -> int:
        return max(1, (self.size.width - 1) // (_SIDE + _GAP))

    def _arrange(self) -> None:
        lines = -(-len(self._mistakes) // self._columns) * _CARD
        self.virtual_size = Size(self.size.width, lines)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        row, line = divmod(y + self.scroll_offset.y, _CARD)
        first = row * self._columns
        strips: list[Strip] = []
        if not self._mistakes and y == 1:
            strips.append(Strip([Segment("  No mistakes here.")]))
        for index in range(first, min(first + self._columns, len(self._mistakes))):
            strips += [Strip.blank(1 if index == first else _GAP), self._card(index)[line]]
        return Strip.join(strips).adjust_cell_length(self.size.width).apply_style(self.rich_style)

    def _card(self, index: int) -> list[Strip]:
        if index not in self._cards:
            assert self._images is not None  # there are no mistakes without them
            mistake = self._mistakes[index]
            image = gray_image(self._images[mistake.index, 0].tolist())
            lines = [Strip(line) for line in image.lines(plain=self.app.no_color)]
            self._cards[index] = [*lines, *self._caption(mistake), Strip.blank(_SIDE)]
        return self._cards[index]

    def _caption(self, mistake: Mistake) -> list[Strip]:
        truth = self._names[mistake.truth]
        first = f"is {truth}  #{mistake.index}"
        guesses = "  ".join(f"{guess.name} {formatting.percent(guess.probability, 0)}" for guess in mistake.top)
        return [
            Strip([Segment(first, _BOLD)]).adjust_cell_length(_SIDE),
            Strip([Segment(guesses)]).adjust_cell_length(_SIDE),
        ]
