"""One chart: a few lines over the epochs in braille, zoomed with keys or the mouse."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from typing import Any, ClassVar, Literal

from rich.style import Style
from textual import on
from textual.app import ComposeResult, RenderResult
from textual.binding import Binding, BindingType
from textual.containers import Grid
from textual.events import Click
from textual.geometry import Region
from textual.strip import Strip
from textual_hires_canvas import Canvas, HiResMode
from textual_plot import PlotWidget
from textual_plot.plot_widget import Legend

from mnist_tui.tui.widgets.charts.axes import LABEL_WIDTH, ValueAxis
from mnist_tui.tui.widgets.charts.loss_trace import Floats

LineName = Literal["train", "validation", "test", "best"]
Span = tuple[float, float]
"""The first and the last epoch in view."""

# An axis and the direction (top, right, bottom, left) in which a tick leaves it.
_TICKED = {("│", (0, 0, 0, 2)): "┤", ("─", (0, 0, 2, 0)): "┬"}
# How far apart epochs must be, in cells, for each to get a marker.
_MARKER_SPACING = 3


@dataclass(frozen=True)
class Line:
    """One curve: `x` in epochs, `y` as the axis has it (so logarithms on a logarithmic one)."""

    name: LineName
    x: Floats
    y: Floats
    marker: str = ""
    """Drawn at each point where they are far enough apart: it tells the lines apart without colour."""


@dataclass(frozen=True)
class AxisLimits:
    """What a chart shows while nobody has zoomed."""

    x_min: float
    x_max: float
    y_min: float
    y_max: float


class Paper(Canvas):
    """A canvas whose frame is two thin axes: the panel around it has a border already."""

    _style = Style.null()

    def draw_rectangle_box(
        self, x0: int, y0: int, x1: int, y1: int, thickness: int = 1, style: str = "white"
    ) -> None:
        """The left and the lower side: nothing is above, so the last row is that of the axis."""
        self.set_pixels([(x0, y) for y in range(y0, y1 - 1)], "│", style)
        self.set_pixels([(x, y1 - 1) for x in range(x0 + 1, x1 + 1)], "─", style)
        self.set_pixel(x0, y1 - 1, "└", style)

    def render_lines(self, crop: Region) -> list[Strip]:
        """The canvas asks for its style at every line, and finding that out takes longer than drawing the line."""
        self._style = super().rich_style
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """A style for blank lines too: without one Textual fails under NO_COLOR."""
        return super().render_line(y).apply_style(self.rich_style)

    @property
    def rich_style(self) -> Style:
        """As it was when these lines began to be drawn."""
        return self._style

    def set_pixel(self, x: int, y: int, char: str = "█", style: str = "white") -> None:
        """Two lines that meet in a cell both stay: their dots are united, and every other cell keeps its colour."""
        if self._canvas_region.contains(x, y):
            before, colour = self.get_pixel(x, y)
            if before == char:
                return  # such as where an axis would put a tick, and a curve is already
            if _is_braille(char) and _is_braille(before):
                char = chr(ord(before) | ord(char))
                style = colour if x % 2 else style
        super().set_pixel(x, y, char, style)


def _is_braille(char: str) -> bool:
    return "\u2800" <= char <= "\u28ff"


class Chart(PlotWidget, inherit_bindings=False):
    """A PlotWidget in the colours of the theme. Its keys leave `+` and `-` to the screen."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "chart--train",
        "chart--validation",
        "chart--test",
        "chart--best",
    }
    DEFAULT_CSS = """
    Chart {
        &, & Canvas { background: transparent; }
        & > .plot--axis, &:focus > .plot--axis { color: $foreground 25%; }
        & > .plot--tick { color: $foreground 60%; text-style: none; }
        & > .chart--train { color: $text-primary; }
        & > .chart--validation { color: $text-success; }
        & > .chart--test { color: $text-warning; }
        & > .chart--best { color: $text-success; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right_square_bracket,i", "zoom_in", "Zoom in", key_display="]"),
        Binding("left_square_bracket,o", "zoom_out", "Zoom out", key_display="["),
        Binding("0", "reset_scales", "Whole run"),
        Binding("left", "pan_left", "Pan left", show=False),
        Binding("right", "pan_right", "Pan right", show=False),
        Binding("up", "pan_up", "Pan up", show=False),
        Binding("down", "pan_down", "Pan down", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.zoomed = False
        self.view = self._limits = AxisLimits(0, 1, 0, 1)
        self._x_axis, self._y_axis = ValueAxis(smallest=1), ValueAxis()
        self.lines: Sequence[Line] = ()

    def compose(self) -> ComposeResult:
        """As PlotWidget does, on our paper."""
        with Grid():
            for part in ("margin-top", "margin-left", "plot", "margin-bottom"):
                yield Paper(1, 1, id=part)
        yield Legend(id="legend")

    def on_mount(self) -> None:
        """Margins as narrow as the labels."""
        self.margin_top, self.margin_bottom, self.margin_left = 0, 1, LABEL_WIDTH + 2
        self.set_x_formatter(self._x_axis)

    @property
    def columns(self) -> int:
        """Braille dots from left to right: more points than that cannot be seen."""
        return max(2, 2 * self.query_one("#plot").size.width)

    def span(self, whole: Span) -> Span:
        """What to draw: the whole, or what the reader has zoomed to."""
        return (self.view.x_min, self.view.x_max) if self.zoomed else whole

    def draw(self, lines: Sequence[Line], limits: AxisLimits, y_axis: ValueAxis) -> None:
        """Replace all lines; the limits hold, evened out, unless the reader has zoomed."""
        self.lines, self._y_axis, self._limits = lines, y_axis, limits
        self._plot()

    def render(self) -> RenderResult:
        """Draw on the canvas, which repaints once and not for every dot; not at all where nothing has changed."""
        if not self._needs_rerender:
            return ""
        canvas = self.query_one("#plot", Canvas)
        self._x_axis.room = canvas.size.width // 6
        self._y_axis.room = max(2, canvas.size.height // 2)
        # A style may change, and so the chart be drawn, between a new size and the message that tells of it.
        if any(part.size != part._canvas_size for part in self.query(Canvas)):
            self._needs_canvas_resize = True
        with canvas.batch_refresh():
            return super().render()

    def _render_plot(self) -> None:
        """Up to the top row, as there is no frame; the limits depend on how many rows that makes."""
        width, height = self.query_one("#plot", Canvas).size
        if not (width and height):
            return
        self._scale_rectangle = Region(1, 0, width - 2, height - 1)
        if height > 1 and not self.zoomed:
            self._show_all(height - 1)
        super()._render_plot()

    def _show_all(self, rows: int) -> None:
        limits = self._limits
        low, high = self._y_axis.spread(limits.y_min, limits.y_max, rows)
        self.view = replace(limits, y_min=low, y_max=high)
        self._x_min, self._x_max, self._y_min, self._y_max = astuple(self.view)
        self._auto_x_min = self._auto_x_max = self._auto_y_min = self._auto_y_max = False

    def combine_quad_with_pixel(self, quad: tuple[int, int, int, int], canvas: Canvas, x: int, y: int) -> str:
        """A tick on one of the two axes; the other two sides have none."""
        pixel: str = canvas.get_pixel(x, y)[0]
        return _TICKED.get((pixel, quad), pixel)

    def notify_style_update(self) -> None:
        """The theme may have changed, and the lines carry its colours."""
        super().notify_style_update()
        if self.is_mounted:
            self._plot()

    def action_reset_scales(self) -> None:
        """Follow the whole run again."""
        self.zoomed = False
        self.post_message(self.ScaleChanged(self, *astuple(self.view)))

    @on(PlotWidget.ScaleChanged)
    def _note_view(self, event: PlotWidget.ScaleChanged) -> None:
        self.view = AxisLimits(event.x_min, event.x_max, event.y_min, event.y_max)

    def on_click(self, event: Click) -> None:
        """A double click shows the whole run."""
        if event.chain == 2:
            self.action_reset_scales()

    # A screen that is left while it is being built takes the canvases down before the chart hears of its mount.
    def _update_margin_sizes(self) -> None:
        if self.query(Grid):
            super()._update_margin_sizes()

    def _update_legend(self) -> None:
        if self.query(Legend):
            super()._update_legend()

    def _zoom(self, *where: Any, **axes: Any) -> None:
        # In a terminal too small for it there is nothing to move.
        with contextlib.suppress(ZeroDivisionError):
            super()._zoom(*where, **axes)
            self.zoomed = True

    def _pan(self, *factors: Any, **named: Any) -> None:
        with contextlib.suppress(ZeroDivisionError):
            super()._pan(*factors, **named)
            self.zoomed = True

    def _plot(self) -> None:
        self.clear()
        if self.zoomed:
            self._y_axis.uneven()
        self.set_y_formatter(self._y_axis)
        for line in self.lines:
            colour = self.get_component_styles(f"chart--{line.name}").color.hex6
            self.plot(line.x, line.y, line_style=colour, hires_mode=HiResMode.BRAILLE)
            if line.marker:
                every = self._marker_step(len(line.x))
                self.scatter(line.x[::every], line.y[::every], line.marker, marker_style=colour)
        # Now rather than while the chart is repainted: its canvas would need a second repaint then.
        self.render()

    def _marker_step(self, points: int) -> int:
        """So that markers stand apart."""
        return max(1, round(points * _MARKER_SPACING / (self.columns / 2)))
