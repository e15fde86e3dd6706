"""The images that a network gets wrong as a wall of thumbnails with a cursor; only those in view are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import BindingType
from textual.events import Click, Resize
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from mnist_tui.render.evaluation import short_caption
from mnist_tui.render.thumbnails import thumbnail
from mnist_tui.tui.keys import bind

if TYPE_CHECKING:
    from torch import Tensor

    from mnist_tui.inference.evaluation import Mistake

# The lines of a thumbnail: as many as possible while all fit, else the fewest in which a digit can be recognized.
_LINES, _FEWEST, _FEWEST_NARROW = (14, 10, 7, 6), 5, 4
# A narrower wall has the smallest thumbnails.
_NARROW = 36
# Beside a thumbnail, for the cursor; and below it, for the caption.
_SIDES, _CAPTION = 2, 1
_SCROLLBAR, _WIDEST_GAP = 1, 3
_CURSOR, _HOVER, _TEXT = "wall--cursor", "wall--hover", "wall--caption"


class MistakesWall(ScrollView, can_focus=True):
    """Each thumbnail with the label, the prediction and its probability below it."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {_CURSOR, _HOVER, _TEXT}
    DEFAULT_CSS = """
    MistakesWall {
        background: transparent;
        overflow-x: hidden;
        & > .wall--caption { color: $foreground; }
        & > .wall--hover { background: $selected; }
        & > .wall--cursor { background: $selected; text-style: bold; }
        &:focus > .wall--cursor { background: $primary; color: $on-primary; text-style: bold; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("left", "move(-1, 0)", "Left", show=False),
        bind("right", "move(1, 0)", "Right", show=False),
        bind("up", "move(0, -1)", "Up", show=False),
        bind("down", "move(0, 1)", "Down", show=False),
        bind("page-up", "move_page(-1)", "Page up", show=False),
        bind("page-down", "move_page(1)", "Page down", show=False),
        bind("first", "move(-1_000_000, 0)", "First", show=False),
        bind("last", "move(1_000_000, 0)", "Last", show=False),
    ]

    cursor: reactive[int] = reactive(0)
    hover: reactive[int] = reactive(-1)

    class Moved(Message):
        """The cursor is on another mistake, or on none."""

    class Opened(Message):
        """A click on the mistake under the cursor."""

    def __init__(self) -> None:
        super().__init__()
        self._mistakes: Sequence[Mistake] = ()
        self._names: Sequence[str] = ()
        self._images: Tensor | None = None
        self._lines = _FEWEST
        self._thumbnails: dict[int, list[Strip]] = {}

    @property
    def shown(self) -> Sequence[Mistake]:
        """All mistakes, in view or not."""
        return self._mistakes

    @property
    def current(self) -> Mistake | None:
        """The mistake under the cursor."""
        return self._mistakes[self.cursor] if self.cursor < len(self._mistakes) else None

    @property
    def capacity(self) -> int:
        """How many whole thumbnails there is room for."""
        return self._columns * (self.size.height // self._card.height)

    def show(self, mistakes: Sequence[Mistake], images: Tensor, names: Sequence[str]) -> None:
        """Draw these mistakes, the first at the top; the cursor stays on its image, if that is among them."""
        before = self.current
        if images is not self._images:
            self._thumbnails.clear()
        self._mistakes, self._images, self._names = mistakes, images, names
        places = [mistake.index for mistake in mistakes]
        self.set_reactive(MistakesWall.cursor, places.index(before.index) if before and before.index in places else 0)
        self._arrange()
        self.post_message(self.Moved())

    def watch_cursor(self, before: int, now: int) -> None:
        self._keep_cursor_in_view()
        self.refresh(*(self._region_of(index) for index in (before, now)))
        self.post_message(self.Moved())

    def watch_hover(self, before: int, now: int) -> None:
        self.refresh(*(self._region_of(index) for index in (before, now) if index >= 0))

    def action_move(self, across: int, down: int) -> None:
        """Move the cursor, as far as there are mistakes."""
        wanted = self.cursor + across + down * self._columns
        last = len(self._mistakes) - 1
        if down and not 0 <= wanted <= last:
            # Below the last whole row there may be a part of one.
            wanted = last if down > 0 and self.cursor // self._columns < last // self._columns else self.cursor
        self.cursor = max(0, min(wanted, last))

    def action_move_page(self, pages: int) -> None:
        """Move the cursor by what is in view."""
        rows = max(1, self.size.height // self._card.height)
        self.cursor = max(0, min(self.cursor + pages * rows * self._columns, len(self._mistakes) - 1))

    def on_click(self, event: Click) -> None:
        """The first click moves the cursor there, the next opens."""
        index = self._index_at(event.x, event.y)
        if index >= 0 and index == self.cursor:
            self.post_message(self.Opened())
        elif index >= 0:
            self.cursor = index

    def on_mouse_move(self, event: Click) -> None:
        self.hover = self._index_at(event.x, event.y)

    def on_leave(self) -> None:
        self.hover = -1

    def on_resize(self, event: Resize) -> None:
        self._arrange()

    def render_line(self, y: int) -> Strip:
        if not self._mistakes:
            text = "  No errors here." if y == 1 else ""
            return Strip([Segment(text)]).adjust_cell_length(self.size.width).apply_style(self.rich_style)
        row, line = divmod(y + self.scroll_offset.y, self._card.height)
        first = row * self._columns
        gap = Strip.blank(self._step - self._card.width)
        strips: list[Strip] = []
        for index in range(first, min(first + self._columns, len(self._mistakes))):
            strips += [self._card_line(index, line), gap]
        return Strip.join(strips).adjust_cell_length(self.size.width).apply_style(self.rich_style)

    @property
    def _card(self) -> Size:
        """The cells of a thumbnail with its caption and sides."""
        return Size(2 * self._lines + _SIDES, self._lines + _CAPTION)

    @property
    def _columns(self) -> int:
        return max(1, (self.size.width - _SCROLLBAR) // self._card.width)

    @property
    def _step(self) -> int:
        """The columns from one card to the next: what is left of the width is between them."""
        spare = self.size.width - _SCROLLBAR - self._columns * self._card.width
        return self._card.width + max(0, min(spare // self._columns, _WIDEST_GAP))

    def _arrange(self) -> None:
        """Choose the thumbnails' size, and how far there is to scroll."""
        lines = self._fitting_lines()
        if lines != self._lines:
            self._lines = lines
            self._thumbnails.clear()
        rows = -(-len(self._mistakes) // self._columns)
        self.virtual_size = Size(self.size.width, rows * self._card.height)
        self._keep_cursor_in_view()
        self.refresh()

    def _fitting_lines(self) -> int:
        width, height = self.size.width - _SCROLLBAR, self.size.height
        for lines in _LINES:
            columns, rows = width // (2 * lines + _SIDES), height // (lines + _CAPTION)
            if len(self._mistakes) <= columns * rows:
                return lines
        return _FEWEST if width >= _NARROW else _FEWEST_NARROW

    def _card_line(self, index: int, line: int) -> Strip:
        style = self._style_of(index)
        if line == self._lines:
            caption = short_caption(self._mistakes[index], self._names, self._card.width - _SIDES)
            return Strip([Segment(f" {caption} ", style)], self._card.width)
        side = Strip([Segment(" ", style)], 1)
        return Strip.join([side, self._thumbnail(index)[line], side])

    def _style_of(self, index: int) -> Style:
        name = _CURSOR if index == self.cursor else _HOVER if index == self.hover else _TEXT
        return self.get_component_rich_style(name)

    def _thumbnail(self, index: int) -> list[Strip]:
        number = self._mistakes[index].index
        if number not in self._thumbnails:
            assert self._images is not None  # there are no mistakes without them
            image = thumbnail(self._images[number, 0].tolist(), self._lines)
            self._thumbnails[number] = [Strip(line) for line in image.lines(plain=self.app.no_color)]
        return self._thumbnails[number]

    def _index_at(self, x: int, y: int) -> int:
        """The mistake at this place of the widget; -1 for none."""
        column, row = x // self._step, (y + self.scroll_offset.y) // self._card.height
        index = row * self._columns + column
        return index if column < self._columns and index < len(self._mistakes) else -1

    def _region_of(self, index: int) -> Region:
        """Where a mistake is within the widget."""
        row, column = divmod(index, self._columns)
        card = self._card
        return Region(column * self._step, row * card.height - self.scroll_offset.y, card.width, card.height)

    def _keep_cursor_in_view(self) -> None:
        region = Region(0, self.cursor // self._columns * self._card.height, 1, self._card.height)
        self.scroll_to_region(region, animate=False, force=True, x_axis=False)
