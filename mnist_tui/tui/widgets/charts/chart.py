"""One chart: a few lines over the epochs in braille, zoomed with keys or the mouse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from typing import ClassVar, Literal

from textual import on
from textual.binding import BindingType
from textual.events import Click
from textual.geometry import Size
from textual_hires_canvas import HiResMode
from textual_plot import PlotWidget

from mnist_tui.tui.keys import bind
from mnist_tui.tui.textual_plot_fixes import SafePlot
from mnist_tui.tui.widgets.charts.axes import LABEL_WIDTH, ValueAxis
from mnist_tui.tui.widgets.charts.loss_trace import Floats

LineName = Literal["train", "validation", "test", "best"]
XRange = tuple[float, float]
"""The first and the last epoch in view."""

# How far apart epochs must be, in cells, for each to get a marker.
_MARKER_SPACING = 3


@dataclass(frozen=True)
class ChartLine:
    """One curve: `x` in epochs, `y` as the axis has it (so logarithms on a logarithmic one)."""

    name: LineName
    x: Floats
    y: Floats
    marker: str = ""
    """Drawn at each point where they are far enough apart: it tells the lines apart without color."""


@dataclass(frozen=True)
class AxisLimits:
    """What a chart shows unless it is zoomed."""

    x_min: float
    x_max: float
    y_min: float
    y_max: float


class Chart(SafePlot):
    """A plot in the colors of the theme. Its keys leave `+` and `-` to the screen."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "chart--train",
        "chart--validation",
        "chart--test",
        "chart--best",
    }
    DEFAULT_CSS = """
    Chart {
        &, & Canvas { background: transparent; }
        & > .plot--axis, &:focus > .plot--axis { color: $line; }
        & > .plot--tick { color: $muted; text-style: none; }
        & > .chart--train { color: $train; }
        & > .chart--validation { color: $validation; }
        & > .chart--test { color: $test; }
        & > .chart--best { color: $validation; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("zoom-in", "zoom_in", "Zoom in"),
        bind("zoom-out", "zoom_out", "Zoom out"),
        bind("whole-run", "reset_scales", "Whole run"),
        bind("left", "pan_left", "Pan left", show=False),
        bind("right", "pan_right", "Pan right", show=False),
        bind("up", "pan_up", "Pan up", show=False),
        bind("down", "pan_down", "Pan down", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.view = self._limits = AxisLimits(0, 1, 0, 1)
        self._x_axis, self._y_axis = ValueAxis(smallest=1), ValueAxis()
        self.lines: Sequence[ChartLine] = ()

    def on_mount(self) -> None:
        # Margins as narrow as the labels.
        self.margin_top, self.margin_bottom, self.margin_left = 0, 1, LABEL_WIDTH + 2
        self.set_x_formatter(self._x_axis)

    @property
    def columns(self) -> int:
        """Braille dots from left to right: more points than that cannot be seen."""
        return max(2, 2 * self.query_one("#plot").size.width)

    def span(self, whole: XRange) -> XRange:
        """The epochs to draw: the whole run, or what the user has zoomed to."""
        return (self.view.x_min, self.view.x_max) if self.zoomed else whole

    def draw(self, lines: Sequence[ChartLine], limits: AxisLimits, y_axis: ValueAxis) -> None:
        """Replace all lines; the limits, extended to round values, hold unless the user has zoomed."""
        self.lines, self._y_axis, self._limits = lines, y_axis, limits
        self.plot_lines()

    def prepare(self, size: Size) -> None:
        self._x_axis.room, self._y_axis.room = size.width // 6, max(2, size.height // 2)

    def fit_limits(self, rows: int) -> None:
        low, high = self._y_axis.spread(self._limits.y_min, self._limits.y_max, rows)
        self.view = replace(self._limits, y_min=low, y_max=high)
        self.set_limits(*astuple(self.view))

    def notify_style_update(self) -> None:
        """Draw again: the theme may have changed, and the lines carry its colors."""
        super().notify_style_update()
        if self.is_mounted:
            self.plot_lines()

    def action_reset_scales(self) -> None:
        """Follow the whole run again."""
        self.zoomed = False
        self.post_message(self.ScaleChanged(self, *astuple(self.view)))

    @on(PlotWidget.ScaleChanged)
    def _keep_view(self, event: PlotWidget.ScaleChanged) -> None:
        self.view = AxisLimits(event.x_min, event.x_max, event.y_min, event.y_max)

    def on_click(self, event: Click) -> None:
        """A double click shows the whole run."""
        if event.chain == 2:
            self.action_reset_scales()

    def plot_lines(self) -> None:
        """Plot all lines with their markers."""
        self.clear()
        if self.zoomed:
            self._y_axis.reset_step()
        self.set_y_formatter(self._y_axis)
        for line in self.lines:
            color = self.get_component_styles(f"chart--{line.name}").color.hex6
            self.plot(line.x, line.y, line_style=color, hires_mode=HiResMode.BRAILLE)
            if line.marker:
                every = self.marker_step(len(line.x))
                self.scatter(line.x[::every], line.y[::every], line.marker, marker_style=color)
        # Now rather than while the chart is repainted: its canvas would need a second repaint then.
        self.render()

    def marker_step(self, points: int) -> int:
        """Every how many points there is room for a marker."""
        return max(1, round(points * _MARKER_SPACING / (self.columns / 2)))
