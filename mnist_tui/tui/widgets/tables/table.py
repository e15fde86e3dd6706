"""Tables that give up columns rather than clip, and draw only the rows in view; one of them has a cursor."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from textual.binding import BindingType
from textual.content import Content
from textual.events import Click, MouseMove, Resize
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual

from mnist_tui.tui.keys import bind

Row = TypeVar("Row")

# Kept free also while everything fits, so that the columns stay where they are when rows come.
SCROLLBAR = 1


@dataclass(frozen=True)
class Column(Generic[Row]):
    """One column: what it shows of a row, how wide it is, and how soon it gives way."""

    head: str
    width: int
    cell: Callable[[Row], Content | str]
    importance: int = 0
    """The column with the lowest gives way first."""
    right: bool = False
    grows: bool = False
    """It takes what room is left, up to its longest cell; `width` is the least it needs."""


Columns = Sequence[Column[Row]]


class AdaptiveTable(ScrollView, Generic[Row], can_focus=True):
    """Rows under a head line that stays when they are scrolled."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"table--head"}
    DEFAULT_CSS = """
    AdaptiveTable {
        background: transparent;
        overflow-x: hidden;

        & > .table--head { color: $muted; text-style: bold; }
    }
    """
    GAP: ClassVar[int] = 2
    """Blanks between two columns."""
    MARGIN: ClassVar[int] = 1
    """Blanks before the first column and behind the last."""

    def __init__(self, columns: Columns[Row] = (), *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._columns = columns
        self._rows: Sequence[Row] = ()
        self._widths: list[tuple[Column[Row], int]] = []
        self._lines: list[Strip] = []

    @property
    def rows(self) -> Sequence[Row]:
        """All rows, in view or not."""
        return self._rows

    @property
    def heads(self) -> list[str]:
        """The heads of the columns that there is room for."""
        return [column.head for column, _ in self._widths]

    def cells(self, row: Row) -> list[Content]:
        """A row's cells in the columns that there is room for."""
        return [_to_content(column.cell(row)) for column, _ in self._widths]

    def show(self, rows: Sequence[Row]) -> None:
        """Replace all rows."""
        self._rows = rows
        self.update_layout()

    def refresh_changed(self) -> None:
        """Redraw if a line in view differs: most often none does, though cells of equal rows may, such as an age."""
        lines = [self.render_line(y) for y in range(self.size.height)]
        if lines != self._lines:
            self._lines = lines
            self.refresh()

    def layouts(self) -> Iterator[Columns[Row]]:
        """From all columns to the fewest; the first that fits is taken."""
        columns = list(self._columns)
        while columns:
            yield columns
            least = min(columns, key=lambda column: column.importance)
            columns = [column for column in columns if column is not least]

    def spread(self, columns: Columns[Row], spare: int) -> list[int]:
        """How much wider than it needs each column becomes, where there is room to spare."""
        growths = []
        for column in columns:
            growths.append(self._growth(column, spare))
            spare -= growths[-1]
        return growths

    def row_style(self, row: Row) -> str:
        """The component class of a row; "" for none."""
        return ""

    def on_resize(self, event: Resize) -> None:
        self.update_layout()

    def update_layout(self) -> None:
        """Choose the columns that fit, and how far there is to scroll."""
        self._widths = self.fit_columns(self.size.width - 2 * self.MARGIN - SCROLLBAR)
        self.virtual_size = Size(self.size.width, len(self._rows) + 1)

    def render_line(self, y: int) -> Strip:
        """The head, a row, or a blank line."""
        if y == 0:
            return self._render_cells([Content(column.head) for column, _ in self._widths], "table--head")
        index = self.row_at(y)
        if index < 0:
            return Strip.blank(self.size.width, self.rich_style)
        row = self._rows[index]
        return self._render_cells(self.cells(row), self.row_style(row))

    def row_at(self, y: int) -> int:
        """The index of the row in this line of the widget; -1 for none."""
        index = y - 1 + self.scroll_offset.y
        return index if y > 0 and index < len(self._rows) else -1

    def head_at(self, x: int) -> str:
        """The head of the column at this place; "" for none."""
        end = self.MARGIN
        for column, width in self._widths:
            end += width + self.GAP
            if x < end:
                return column.head
        return ""

    def _render_cells(self, cells: Sequence[Content], style: str) -> Strip:
        fitted = [_fit(cell, width, column.right) for cell, (column, width) in zip(cells, self._widths, strict=True)]
        line = Content(" " * self.GAP).join(fitted).pad_left(self.MARGIN)
        visual_style = self.get_visual_style(style) if style else self.visual_style
        width = self.size.width
        strips = Visual.to_strips(self, line, width, 1, visual_style, pad=True, apply_selection=False)
        return strips[0] if strips else Strip.blank(width)

    def fit_columns(self, room: int) -> list[tuple[Column[Row], int]]:
        """The columns that fit into so many cells, with their widths."""
        columns: Columns[Row] = ()
        for columns in self.layouts():
            if self._total_width(columns) <= room:
                break
        extra = self.spread(columns, max(0, room - self._total_width(columns)))
        return [(column, column.width + more) for column, more in zip(columns, extra, strict=True)]

    def _total_width(self, columns: Columns[Row]) -> int:
        return sum(column.width for column in columns) + self.GAP * (len(columns) - 1)

    def _growth(self, column: Column[Row], spare: int) -> int:
        if not column.grows:
            return 0
        longest = max((_to_content(column.cell(row)).cell_length for row in self._rows), default=0)
        return min(spare, max(0, longest - column.width))


class SelectableTable(AdaptiveTable[Row]):
    """A table with a cursor. Rows have keys, by which the cursor finds its row again."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"table--cursor", "table--hover"}
    DEFAULT_CSS = """
    SelectableTable {
        & > .table--hover { background: $foreground 5%; }
        & > .table--cursor { background: $foreground 10%; }
        &:focus > .table--cursor { background: $selected; text-style: bold; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("up", "move(-1)", "Up", show=False),
        bind("down", "move(1)", "Down", show=False),
        bind("page-up", "move_page(-1)", "Page up", show=False),
        bind("page-down", "move_page(1)", "Page down", show=False),
        bind("first", "move(-1_000_000)", "First", show=False),
        bind("last", "move(1_000_000)", "Last", show=False),
        bind("enter", "open", "Open"),
    ]

    cursor: reactive[int] = reactive(0)
    hover: reactive[int] = reactive(-1)

    class Highlighted(Message):
        """The cursor is on another row, or on a row that has changed."""

    class Opened(Message):
        """Enter on a row, or a click on the row under the cursor."""

    class HeadClicked(Message):
        """A click on the head of a column."""

        def __init__(self, head: str) -> None:
            super().__init__()
            self.head = head

    def __init__(self, columns: Columns[Row], *, id: str | None = None) -> None:
        super().__init__(columns, id=id)
        self._keys: list[str] = []

    @property
    def current(self) -> Row | None:
        """The row under the cursor."""
        return self._rows[self.cursor] if self.cursor < len(self._rows) else None

    def show_by_key(self, rows: Sequence[tuple[str, Row]]) -> None:
        """Replace all rows; the cursor stays on its row, or at its place where that is gone."""
        key = self._keys[self.cursor] if self.cursor < len(self._keys) else ""
        before = self.current
        self._keys, self._rows = [name for name, _ in rows], [row for _, row in rows]
        self.cursor = self._keys.index(key) if key in self._keys else min(self.cursor, max(0, len(rows) - 1))
        self.show(self._rows)
        if self.current is not before:
            self.post_message(self.Highlighted())
        self.refresh_changed()

    def move_to(self, key: str) -> None:
        """Put the cursor on this row, if it is there."""
        if key in self._keys:
            self.cursor = self._keys.index(key)

    def update_layout(self) -> None:
        """Keep the cursor in view as well."""
        super().update_layout()
        self._keep_cursor_in_view()

    def watch_cursor(self) -> None:
        self._keep_cursor_in_view()
        self.refresh()
        self.post_message(self.Highlighted())

    def watch_hover(self) -> None:
        self.refresh()

    def action_move(self, rows: int) -> None:
        """Move the cursor up or down, as far as there are rows."""
        self.cursor = max(0, min(self.cursor + rows, len(self._rows) - 1))

    def action_move_page(self, pages: int) -> None:
        """Move the cursor by what is in view."""
        self.action_move(pages * max(1, self.size.height - 2))

    def action_open(self) -> None:
        """Open the row under the cursor."""
        if self.current is not None:
            self.post_message(self.Opened())

    def on_click(self, event: Click) -> None:
        """The first click moves the cursor there, the next opens; the head is for ordering."""
        index = self.row_at(event.y)
        if event.y == 0:
            self.post_message(self.HeadClicked(self.head_at(event.x)))
        elif index == self.cursor:
            self.action_open()
        elif index >= 0:
            self.cursor = index

    def on_mouse_move(self, event: MouseMove) -> None:
        self.hover = self.row_at(event.y)

    def on_leave(self) -> None:
        self.hover = -1

    def row_style(self, row: Row) -> str:
        """The row under the cursor and the one under the mouse stand out."""
        if row is self.current:
            return "table--cursor"
        return "table--hover" if 0 <= self.hover < len(self._rows) and row is self._rows[self.hover] else ""

    def _keep_cursor_in_view(self) -> None:
        # The head line hides the first line of what is scrolled, so a row needs one line above it too.
        row = Region(0, self.cursor, 1, 2)
        self.scroll_to_region(row, animate=False, force=True, x_axis=False)


def _to_content(cell: Content | str) -> Content:
    return cell if isinstance(cell, Content) else Content(cell)


def _fit(cell: Content, width: int, right: bool) -> Content:
    """Exactly this wide; what is too long loses its middle, since names differ at both ends."""
    excess = cell.cell_length - width
    if excess > 0:
        tail = (width - 1) // 2
        cell = Content.assemble(cell[: width - 1 - tail], "…", cell[len(cell) - tail :] if tail else "")
    padding = max(0, width - cell.cell_length)
    return cell.pad_left(padding) if right else cell.pad_right(padding)
