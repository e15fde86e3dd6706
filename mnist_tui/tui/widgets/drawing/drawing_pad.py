"""The canvas to draw on, with the mouse or with keys alone: two pixels per cell, one above the other."""

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

from mnist_tui.config import IMAGE_SIZE
from mnist_tui.tui.canvas import SIDE, Canvas, Point
from mnist_tui.tui.widgets.drawing.gray_lines import changed_lines, gray_line, levels_of

_LEFT, _RIGHT = 1, 3
# How far an arrow moves: a pixel of the network's image, and with Shift as much as a stroke is wide.
_STEP, _STRIDE = 1 / IMAGE_SIZE, 3 / IMAGE_SIZE
_DIRECTIONS = {
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
    """The left button draws, the right one (or Ctrl and left) erases; arrows move the pen, Space sets it down."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key, f"go{direction}", show=False) for key, direction in _DIRECTIONS.items()),
        *(Binding(f"shift+{key}", f"stride{direction}", show=False) for key, direction in _DIRECTIONS.items()),
    ]
    DEFAULT_CSS = """
    DrawingPad { width: auto; height: auto; background: black; }
    """

    class Changed(Message):
        """The ink has changed, or the pen was set down or lifted."""

    def __init__(self, canvas: Canvas) -> None:
        super().__init__()
        self.canvas = canvas
        self.erases = False
        """Whether the pen is an eraser."""
        self.pen: Point = (0.5, 0.25)
        self.pen_is_down = False
        self._by_keys = False
        self._by_mouse = False
        self._has_pixel_mouse = False
        self._side = IMAGE_SIZE
        self._levels = np.zeros((IMAGE_SIZE, IMAGE_SIZE), np.uint8)

    def fit(self, room: Size) -> None:
        """Become as large as fits into so many cells, but no larger than the canvas has pixels."""
        side = min(room.width, 2 * room.height, SIDE) // 2 * 2
        if side != self._side and side > 0:
            self._side = side
            self.refresh(layout=True)
            self._refresh_changed_lines()

    def get_content_width(self, container: Size, viewport: Size) -> int:
        return self._side

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return self._side // 2

    def canvas_changed(self) -> None:
        """Redraw: something other than the pen has changed the canvas, and lifted the pen."""
        self.pen_is_down = self._by_mouse = False
        self._redraw()

    def switch_eraser(self) -> None:
        """Take the eraser, or the pen again; it is lifted."""
        self.erases = not self.erases
        self.canvas.end()
        self.canvas_changed()

    def switch_pen(self) -> None:
        """Set the pen down where it is, or lift it."""
        self._by_keys, self.pen_is_down = True, not self.pen_is_down
        if self.pen_is_down:
            self.canvas.begin(self.pen, erase=self.erases)
        else:
            self.canvas.end()
        self._redraw()

    def action_go(self, across: int, down: int) -> None:
        """Move the pen one step."""
        self._move_pen(across * _STEP, down * _STEP)

    def action_stride(self, across: int, down: int) -> None:
        """Move the pen three steps."""
        self._move_pen(across * _STRIDE, down * _STRIDE)

    def _move_pen(self, across: float, down: float) -> None:
        before, x, y = self._pen_line, self.pen[0] + across, self.pen[1] + down
        self._by_keys, self.pen = True, (min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0))
        self._refresh_lines(before, self._pen_line)
        if self.pen_is_down:
            self.canvas.move(self.pen)
            self._redraw()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        if event.button not in (_LEFT, _RIGHT):
            return
        self.pen_is_down = self._by_keys = False
        self._refresh_lines(self._pen_line)
        self.capture_mouse()
        self._by_mouse = True
        erase = self.erases or event.button == _RIGHT or event.ctrl
        self.canvas.begin(self._point(event), erase=erase)
        self._redraw()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._by_mouse:
            self.canvas.move(self._point(event))
            self._redraw()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        if self._by_mouse:
            self._by_mouse = False
            self.release_mouse()
            self.canvas.end()
            self._redraw()

    def render_line(self, y: int) -> Strip:
        if 2 * y >= self._side:
            return Strip.blank(self.size.width)
        strip = Strip(gray_line(self._levels, y), self._side)
        return self._with_pen(strip) if self._by_keys and self.has_focus and y == self._pen_line else strip

    def on_focus(self) -> None:
        self._refresh_lines(self._pen_line)

    def on_blur(self) -> None:
        self._refresh_lines(self._pen_line)

    def _with_pen(self, strip: Strip) -> Strip:
        column = self._pen_column
        color = self.app.theme_variables["success" if self.pen_is_down else "warning"]
        mark = Segment("●" if self.pen_is_down else "○", Style(color="black", bgcolor=color))
        cells = [strip.crop(0, column), Strip([mark], 1), strip.crop(column + 1, self._side)]
        return Strip.join(cells)

    @property
    def _pen_column(self) -> int:
        return min(int(self.pen[0] * self._side), self._side - 1)

    @property
    def _pen_line(self) -> int:
        return min(int(self.pen[1] * self._side), self._side - 1) // 2

    def _point(self, event: events.MouseEvent) -> Point:
        """Where the mouse is: in the middle of its cell, or exactly where the terminal reports pixels."""
        x, y = event.pointer_x, event.pointer_y
        self._has_pixel_mouse = self._has_pixel_mouse or x % 1 != 0 or y % 1 != 0
        middle = 0.0 if self._has_pixel_mouse else 0.5
        return (x + middle) / self._side, 2 * (y + middle) / self._side

    def _redraw(self) -> None:
        self._refresh_changed_lines()
        self.post_message(self.Changed())

    def _refresh_changed_lines(self) -> None:
        before, self._levels = self._levels, levels_of(self.canvas.downsample(self._side))
        if before.shape != self._levels.shape:
            self.refresh()
            return
        self._refresh_lines(*changed_lines(before, self._levels), self._pen_line)

    def _refresh_lines(self, *lines: int) -> None:
        self.refresh(*(Region(0, line, self._side, 1) for line in lines))
