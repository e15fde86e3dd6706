"""A table that gives up its least important columns rather than clip, and draws only the rows in view."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Click, Resize
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual

Row = TypeVar("Row")

_GAP = 2
_MARGIN = 1
# Kept free also while everything fits, so that the columns stay where they are when rows come.
_SCROLLBAR = 1


@dataclass(frozen=True)
class Column(Generic[Row]):
    """One column: what it shows of a row, how wide it is, and how soon it goes."""

    head: str
    width: int
    cell: Callable[[Row], Content]
    importance: int
    """The column with the lowest goes first."""
    right: bool = False
    grows: bool = False
    """It takes what room is left, up to its longest cell; `width` is the least it needs."""


class AdaptiveTable(ScrollView, Generic[Row], can_focus=True):
    """Rows under a head line that stays. Rows have keys, by which the cursor finds its row again."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"table--head", "table--cursor", "table--hover"}
    DEFAULT_CSS = """
    AdaptiveTable {
        background: transparent;
        overflow-x: hidden;

        & > .table--head { color: $foreground 60%; text-style: bold; }
        & > .table--hover { background: $foreground 5%; }
        & > .table--cursor { background: $foreground 10%; }
        &:focus > .table--cursor { background: $primary 40%; text-style: bold; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "move_page(-1)", "Page up", show=False),
        Binding("pagedown", "move_page(1)", "Page down", show=False),
        Binding("home,g", "move(-1_000_000)", "First", show=False),
        Binding("end,G", "move(1_000_000)", "Last", show=False),
        Binding("enter", "open", "Open"),
    ]

    cursor: reactive[int] = reactive(0)
    hover: reactive[int] = reactive(-1)

    class Highlighted(Message):
        """The cursor is on another row, or on a row that has changed."""

    class Opened(Message):
        """Enter on a row, or a click on the row under the cursor."""

    class HeadClicked(Message):
        """The mouse asks for something of a column."""

        def __init__(self, head: str) -> None:
            super().__init__()
            self.head = head

    def __init__(self, columns: Sequence[Column[Row]], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._columns = columns
        self._keys: list[str] = []
        self._rows: list[Row] = []
        self._widths: list[tuple[Column[Row], int]] = []
        self._shown: list[Strip] = []

    @property
    def rows(self) -> Sequence[Row]:
        """As they are shown."""
        return self._rows

    @property
    def current(self) -> Row | None:
        """The row under the cursor."""
        return self._rows[self.cursor] if self.cursor < len(self._rows) else None

    @property
    def heads(self) -> list[str]:
        """The columns there is room for."""
        return [column.head for column, _ in self._widths]

    def show(self, rows: Sequence[tuple[str, Row]]) -> None:
        """Replace all rows; the cursor stays on its row, or at its place where that is gone."""
        key = self._keys[self.cursor] if self.cursor < len(self._keys) else ""
        before = self.current
        self._keys, self._rows = [name for name, _ in rows], [row for _, row in rows]
        self.cursor = self._keys.index(key) if key in self._keys else min(self.cursor, max(0, len(rows) - 1))
        self._fold()
        self.virtual_size = Size(self.size.width, len(rows) + 1)
        self._keep_cursor_in_view()
        if self.current is not before:
            self.post_message(self.Highlighted())
        self._refresh_what_differs()

    def _refresh_what_differs(self) -> None:
        # Cells of equal rows may differ, such as an age; most often nothing differs.
        shown = [self.render_line(y) for y in range(self.size.height)]
        if shown != self._shown:
            self._shown = shown
            self.refresh()

    def move_to(self, key: str) -> None:
        """Put the cursor on this row, if it is there."""
        if key in self._keys:
            self.cursor = self._keys.index(key)

    def on_resize(self, event: Resize) -> None:
        """Other columns may fit."""
        self._fold()
        self.virtual_size = Size(self.size.width, len(self._rows) + 1)
        self._keep_cursor_in_view()

    def watch_cursor(self) -> None:
        """Show where it is, and tell."""
        self._keep_cursor_in_view()
        self.refresh()
        self.post_message(self.Highlighted())

    def watch_hover(self) -> None:
        """Under the mouse."""
        self.refresh()

    def action_move(self, rows: int) -> None:
        """Up or down, as far as it goes."""
        self.cursor = max(0, min(self.cursor + rows, len(self._rows) - 1))

    def action_move_page(self, pages: int) -> None:
        """By what is in view."""
        self.action_move(pages * max(1, self.size.height - 2))

    def action_open(self) -> None:
        """Tell that the row is wanted."""
        if self.current is not None:
            self.post_message(self.Opened())

    def on_click(self, event: Click) -> None:
        """The first click moves the cursor there, the next opens; the head is for ordering."""
        index = self._row_at(event.y)
        if event.y == 0:
            self.post_message(self.HeadClicked(self._head_at(event.x)))
        elif index == self.cursor:
            self.action_open()
        elif index >= 0:
            self.cursor = index

    def on_mouse_move(self, event: object) -> None:
        """Follow the mouse."""
        self.hover = self._row_at(getattr(event, "y", 0))

    def on_leave(self) -> None:
        """The mouse is elsewhere."""
        self.hover = -1

    def render_line(self, y: int) -> Strip:
        """The head, a row, or nothing."""
        width, index = self.size.width, self._row_at(y)
        if y == 0:
            heads = [Content(column.head) for column, _ in self._widths]
            return self._strip(heads, "table--head", width)
        if index < 0:
            return Strip.blank(width, self.rich_style)
        cells = [column.cell(self._rows[index]) for column, _ in self._widths]
        style = "table--cursor" if index == self.cursor else "table--hover" if index == self.hover else ""
        return self._strip(cells, style, width)

    def _strip(self, cells: Sequence[Content], style: str, width: int) -> Strip:
        fitted = [
            _fitted(cell, room, column.right)
            for cell, (column, room) in zip(cells, self._widths, strict=True)
        ]
        line = Content(" " * _GAP).join(fitted).pad_left(_MARGIN)
        visual_style = self.get_visual_style(style) if style else self.visual_style
        strips = Visual.to_strips(self, line, width, 1, visual_style, pad=True, apply_selection=False)
        return strips[0] if strips else Strip.blank(width)

    def _row_at(self, y: int) -> int:
        index = y - 1 + self.scroll_offset.y
        return index if y > 0 and index < len(self._rows) else -1

    def _head_at(self, x: int) -> str:
        end = _MARGIN
        for column, room in self._widths:
            end += room + _GAP
            if x < end:
                return column.head
        return ""

    def _keep_cursor_in_view(self) -> None:
        # The head line hides the first line of what is scrolled, so a row needs one line above it too.
        row = Region(0, self.cursor, 1, 2)
        self.scroll_to_region(row, animate=False, force=True, x_axis=False)

    def _fold(self) -> None:
        """Which columns fit, and how wide each is."""
        room = self.size.width - 2 * _MARGIN - _SCROLLBAR
        columns = list(self._columns)
        while len(columns) > 1 and _needed(columns) > room:
            columns.remove(min(columns, key=lambda column: column.importance))
        spare = max(0, room - _needed(columns))
        self._widths = [(column, column.width + self._growth(column, spare)) for column in columns]

    def _growth(self, column: Column[Row], spare: int) -> int:
        if not column.grows:
            return 0
        longest = max((column.cell(row).cell_length for row in self._rows), default=0)
        return min(spare, max(0, longest - column.width))


def _needed(columns: Sequence[Column[Row]]) -> int:
    return sum(column.width for column in columns) + _GAP * (len(columns) - 1)


def _fitted(cell: Content, width: int, right: bool) -> Content:
    """Exactly this wide; what is too long loses its middle, since names differ at both ends."""
    excess = cell.cell_length - width
    if excess > 0:
        tail = (width - 1) // 2
        cell = Content.assemble(cell[: width - 1 - tail], "…", cell[len(cell) - tail :] if tail else "")
    padding = max(0, width - cell.cell_length)
    return cell.pad_left(padding) if right else cell.pad_right(padding)
