"""Corrections of textual-plot 0.10.1 and textual-hires-canvas 0.14.0, the only module that reaches into them.

pyproject.toml bounds the versions. Reports of what has no issue yet are in docs/upstream.md.
"""

from __future__ import annotations

import contextlib
from typing import Any

from rich.style import Style
from textual.app import ComposeResult, RenderResult
from textual.containers import Grid
from textual.geometry import Region, Size
from textual.strip import Strip
from textual_hires_canvas import Canvas
from textual_plot import PlotWidget
from textual_plot.plot_widget import Legend

# An axis and the direction (top, right, bottom, left) in which a tick leaves it.
_TICKS = {("│", (0, 0, 0, 2)): "┤", ("─", (0, 0, 2, 0)): "┬"}


class AxesCanvas(Canvas):
    """A canvas whose frame is two thin axes: the panel around it has a border already."""

    _style = Style.null()

    def draw_rectangle_box(self, x0: int, y0: int, x1: int, y1: int, thickness: int = 1, style: str = "white") -> None:
        """Draw the left and the lower side: nothing is above, so the last row is that of the axis."""
        self.set_pixels([(x0, y) for y in range(y0, y1 - 1)], "│", style)
        self.set_pixels([(x, y1 - 1) for x in range(x0 + 1, x1 + 1)], "─", style)
        self.set_pixel(x0, y1 - 1, "└", style)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Compute the style once: the canvas asks for it at every line, which takes longer than drawing the line."""
        self._style = super().rich_style
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Give blank lines a style too: without one Textual fails under NO_COLOR. docs/upstream.md, 6."""
        return super().render_line(y).apply_style(self.rich_style)

    @property
    def rich_style(self) -> Style:
        """As computed when these lines began to be drawn."""
        return self._style

    def set_pixel(self, x: int, y: int, char: str = "█", style: str = "white") -> None:
        """Keep both lines that meet in a cell: their dots are united, every other cell keeps its color.

        The canvas keeps the last one: docs/upstream.md, 7.
        """
        if self._canvas_region.contains(x, y):
            before, color = self.get_pixel(x, y)
            if before == char:
                return  # such as where an axis would put a tick, and a curve is already
            if _is_braille(char) and _is_braille(before):
                char = chr(ord(before) | ord(char))
                style = color if x % 2 else style
        super().set_pixel(x, y, char, style)


class SafePlot(PlotWidget, inherit_bindings=False):
    """A plot on an AxesCanvas, in any size of terminal, and while its screen is being closed."""

    def __init__(self) -> None:
        super().__init__()
        self.zoomed = False
        """Whether the user has zoomed or panned."""

    def compose(self) -> ComposeResult:
        """PlotWidget's widgets, with our canvas in place of its own."""
        with Grid():
            for part in ("margin-top", "margin-left", "plot", "margin-bottom"):
                yield AxesCanvas(1, 1, id=part)
        yield Legend(id="legend")

    def prepare(self, size: Size) -> None:
        """Called before the plot is drawn, with the cells of its canvas."""

    def fit_limits(self, rows: int) -> None:
        """Set the limits for so many rows of cells, before a plot that is not zoomed is drawn."""

    def set_limits(self, x_min: float, x_max: float, y_min: float, y_max: float) -> None:
        """Set all limits without drawing again, which PlotWidget's own methods do."""
        self._x_min, self._x_max, self._y_min, self._y_max = x_min, x_max, y_min, y_max
        self._auto_x_min = self._auto_x_max = self._auto_y_min = self._auto_y_max = False

    def render(self) -> RenderResult:
        """Draw only what has changed, and repaint the canvas once instead of for every dot: docs/upstream.md, 8."""
        if not self._needs_rerender:
            return ""
        # A style may change, and so the plot be drawn, between a new size and the message that announces it.
        if any(part.size != part._canvas_size for part in self.query(Canvas)):
            self._needs_canvas_resize = True
        canvas = self.query_one("#plot", Canvas)
        self.prepare(canvas.size)
        with canvas.batch_refresh():
            return super().render()

    def _render_plot(self) -> None:
        """Use the top row too, as there is no frame."""
        width, height = self.query_one("#plot", Canvas).size
        if not (width and height):
            return
        self._scale_rectangle = Region(1, 0, width - 2, height - 1)
        if height > 1 and not self.zoomed:
            self.fit_limits(height - 1)
        super()._render_plot()

    def combine_quad_with_pixel(self, quad: tuple[int, int, int, int], canvas: Canvas, x: int, y: int) -> str:
        """A tick on one of the two axes; the other two sides have none."""
        pixel: str = canvas.get_pixel(x, y)[0]
        return _TICKS.get((pixel, quad), pixel)

    # A screen that is left while it is being built removes the canvases before the plot is mounted:
    # docs/upstream.md, 9.
    def _update_margin_sizes(self) -> None:
        if self.query(Grid):
            super()._update_margin_sizes()

    def _update_legend(self) -> None:
        if self.query(Legend):
            super()._update_legend()

    # In a terminal without room for a plot they divide by its size: docs/upstream.md, 10.
    def _zoom(self, *where: Any, **axes: Any) -> None:
        with contextlib.suppress(ZeroDivisionError):
            super()._zoom(*where, **axes)
            self.zoomed = True

    def _pan(self, *factors: Any, **named: Any) -> None:
        with contextlib.suppress(ZeroDivisionError):
            super()._pan(*factors, **named)
            self.zoomed = True


def _is_braille(char: str) -> bool:
    return "\u2800" <= char <= "\u28ff"
