"""Charts over the same epochs: they are zoomed together, and one vertical line goes through all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.containers import Container

from mnist_tui.tui.widgets.charts.x_view import XView

if TYPE_CHECKING:  # numpy, and this is imported before the first frame
    from mnist_tui.tui.widgets.charts.chart import Chart, Readout

# A moving mouse reports every cell; the vertical line moves about 15 times per second.
_SECONDS_BEHIND_MOUSE = 0.06


class ChartGroup(Container):
    """Subclasses hold the charts, draw them in `redraw`, and say what is at the vertical line in `read_off`."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.view = XView()
        self._fixed: float | None = None
        self._hovered: float | None = None
        self._is_waiting = False

    @property
    def charts(self) -> Sequence[Chart]:
        """All charts, as soon as they exist."""
        return ()

    @property
    def crosshair(self) -> float | None:
        """The epoch of the vertical line: where the user has put it, else where the mouse is."""
        return self._hovered if self._fixed is None else self._fixed

    @property
    def view_notes(self) -> list[str]:
        """What to say under a chart of the part in view."""
        return ["zoomed · 0 resets"] if self.view.is_zoomed else []

    def redraw(self) -> None:
        """Draw all charts."""

    def read_off(self, chart: Chart, at: float) -> Readout:
        """What to write below the vertical line: where it is, and the values of the lines there."""
        return ()

    def toggle_axis(self, chart: Chart) -> None:
        """Give a chart its other y axis."""

    def forget_view(self) -> None:
        """Show the whole of another run."""
        self.view.reset()
        self._fixed = self._hovered = None

    def on_chart_command(self, event: Chart.Command) -> None:
        event.stop()
        match event.name:
            case "axis":
                self.toggle_axis(event.chart)
            case "crosshair":
                self._fix(None if self._fixed is not None else self._middle(event.chart))
            case "no_crosshair":
                self._fix(None)
            case "left" | "right" if self._fixed is not None:
                self._step(event.chart, -1 if event.name == "left" else 1)
            case _:
                self._change_view(event)

    def on_chart_pointed(self, event: Chart.Pointed) -> None:
        event.stop()
        if event.fixed:
            self._fix(event.at)
        elif self._hovered != event.at:
            self._hovered = event.at
            if self._fixed is None and not self._is_waiting:
                self._is_waiting = True
                self.set_timer(_SECONDS_BEHIND_MOUSE, self._follow_mouse)

    def _follow_mouse(self) -> None:
        self._is_waiting = False
        self.draw_crosshair()

    def on_chart_dragged(self, event: Chart.Dragged) -> None:
        event.stop()
        self.view.shift(event.epochs)
        self.redraw()

    def on_chart_resized(self, event: Chart.Resized) -> None:
        event.stop()
        self.redraw()

    def _change_view(self, event: Chart.Command) -> None:
        match event.name:
            case "zoom_in":
                self.view.zoom_in(event.at)
            case "zoom_out":
                self.view.zoom_out(event.at)
            case "left":
                self.view.pan(-1)
            case "right":
                self.view.pan(1)
            case "whole":
                self.view.reset()
        self.redraw()

    def _middle(self, chart: Chart) -> float:
        """Where the vertical line appears: at the end of the curves, or in the middle of what is in view."""
        end = max((float(line.x[-1]) for line in chart.plot.lines if len(line.x)), default=0.0)
        first, last = chart.plot.x.bottom, chart.plot.x.top
        return end if first <= end <= last else (first + last) / 2

    def _step(self, chart: Chart, direction: int) -> None:
        """One column further; the view goes along at its edge."""
        assert self._fixed is not None  # the caller has checked
        first, last = chart.plot.x.bottom, chart.plot.x.top
        at = self._fixed + direction * (last - first) / max(chart.layout_of_plot.columns - 1, 1)
        if not first - 1e-9 <= at <= last + 1e-9:
            self.view.pan(direction)
            self.redraw()
            first, last = self.view.span
        self._fix(min(max(at, first), last))

    def _fix(self, at: float | None) -> None:
        self._fixed = at
        self._hovered = None if at is None else self._hovered
        self.draw_crosshair()

    def draw_crosshair(self) -> None:
        """Draw the vertical line where it is now, with the values there."""
        at = self.crosshair
        for chart in self.charts:
            chart.point(at, () if at is None else self.read_off(chart, at))
