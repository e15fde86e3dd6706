"""The canvas to draw on, with the mouse or with keys alone. Two pixels a cell, one above the other."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from mnist_tui.tui.canvas import PICTURE, SIDE, Canvas, Point
from mnist_tui.tui.widgets.drawing.gray_lines import gray_line, levels_of, other_lines

_LEFT, _RIGHT = 1, 3
# How far an arrow moves: a pixel of what the network gets, and with Shift as much as a stroke is wide.
_STEP, _STRIDE = 1 / PICTURE, 3 / PICTURE
_WAYS = {
    "up": (0, -1),
    "down": (0, 1),
    "left": (-1, 0),
    "right": (1, 0),
    "home": (-1, -1),
    "pageup": (1, -1),
    "end": (-1, 1),
    "pagedown": (1, 1),
}


class DrawingPad(Widget, can_focus=True):
    """Left button draws, right button (or Ctrl and the left one) erases; arrows move the pen, which Space sets down."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key, f"go{way}", show=False) for key, way in _WAYS.items()),
        *(Binding(f"shift+{key}", f"stride{way}", show=False) for key, way in _WAYS.items()),
    ]
    DEFAULT_CSS = """
    DrawingPad { width: auto; height: auto; background: black; }
    """

    class Changed(Message):
        """There is other ink on it, or the pen was set down or lifted."""

    def __init__(self, canvas: Canvas) -> None:
        super().__init__()
        self.canvas = canvas
        self.erases = False
        """Whether the pen is an eraser."""
        self.pen: Point = (0.5, 0.25)
        self.pen_is_down = False
        self._by_keys = False
        self._by_mouse = False
        self._fine_mouse = False
        self._side = PICTURE
        self._levels = np.zeros((PICTURE, PICTURE), np.uint8)

    def fit(self, room: Size) -> None:
        """As large as goes into so many cells, but no larger than the canvas has pixels."""
        side = min(room.width, 2 * room.height, SIDE) // 2 * 2
        if side != self._side and side > 0:
            self._side = side
            self.refresh(layout=True)
            self._look()

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """See Textual."""
        return self._side

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """See Textual."""
        return self._side // 2

    def show(self) -> None:
        """Something else than the pen has changed the canvas, and lifted the pen."""
        self.pen_is_down = self._by_mouse = False
        self._tell()

    def switch_pen(self) -> None:
        """Set the pen down where it is, or lift it."""
        self._by_keys, self.pen_is_down = True, not self.pen_is_down
        if self.pen_is_down:
            self.canvas.begin(self.pen, erase=self.erases)
        else:
            self.canvas.end()
        self._tell()

    def action_go(self, across: int, down: int) -> None:
        """One step."""
        self._go(across * _STEP, down * _STEP)

    def action_stride(self, across: int, down: int) -> None:
        """Three at once."""
        self._go(across * _STRIDE, down * _STRIDE)

    def _go(self, across: float, down: float) -> None:
        before, x, y = self._pen_line, self.pen[0] + across, self.pen[1] + down
        self._by_keys, self.pen = True, (min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0))
        self._refresh_lines(before, self._pen_line)
        if self.pen_is_down:
            self.canvas.move(self.pen)
            self._tell()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """A stroke begins, which goes on wherever the mouse does."""
        if event.button not in (_LEFT, _RIGHT):
            return
        self.pen_is_down = self._by_keys = False
        self._refresh_lines(self._pen_line)
        self.capture_mouse()
        self._by_mouse = True
        erase = self.erases or event.button == _RIGHT or event.ctrl
        self.canvas.begin(self._point(event), erase=erase)
        self._tell()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Draw to here, if a button is held."""
        if self._by_mouse:
            self.canvas.move(self._point(event))
            self._tell()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """The stroke ends."""
        if self._by_mouse:
            self._by_mouse = False
            self.release_mouse()
            self.canvas.end()
            self._tell()

    def render_line(self, y: int) -> Strip:
        """See Textual."""
        if 2 * y >= self._side:
            return Strip.blank(self.size.width)
        strip = Strip(gray_line(self._levels, y), self._side)
        return self._with_pen(strip) if self._by_keys and self.has_focus and y == self._pen_line else strip

    def on_focus(self) -> None:
        """The pen can be seen."""
        self._refresh_lines(self._pen_line)

    def on_blur(self) -> None:
        """It cannot."""
        self._refresh_lines(self._pen_line)

    def _with_pen(self, strip: Strip) -> Strip:
        column = self._pen_column
        colour = self.app.theme_variables["success" if self.pen_is_down else "warning"]
        mark = Segment("●" if self.pen_is_down else "○", Style(color="black", bgcolor=colour))
        cells = [strip.crop(0, column), Strip([mark], 1), strip.crop(column + 1, self._side)]
        return Strip.join(cells)

    @property
    def _pen_column(self) -> int:
        return min(int(self.pen[0] * self._side), self._side - 1)

    @property
    def _pen_line(self) -> int:
        return min(int(self.pen[1] * self._side), self._side - 1) // 2

    def _point(self, event: events.MouseEvent) -> Point:
        """Where the mouse is: in the middle of its cell, or exactly where the terminal tells pixels."""
        x, y = event.pointer_x, event.pointer_y
        self._fine_mouse = self._fine_mouse or x % 1 != 0 or y % 1 != 0
        middle = 0.0 if self._fine_mouse else 0.5
        return (x + middle) / self._side, 2 * (y + middle) / self._side

    def _tell(self) -> None:
        self._look()
        self.post_message(self.Changed())

    def _look(self) -> None:
        """Draw the lines that are another picture now."""
        before, self._levels = self._levels, levels_of(self.canvas.seen_at(self._side))
        if before.shape != self._levels.shape:
            self.refresh()
            return
        self._refresh_lines(*other_lines(before, self._levels), self._pen_line)

    def _refresh_lines(self, *lines: int) -> None:
        self.refresh(*(Region(0, line, self._side, 1) for line in lines))
