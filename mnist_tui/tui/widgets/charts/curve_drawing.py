"""The two charts of a run and their data; imported late, as the plotting library is slow to load."""

from __future__ import annotations

from mnist_tui.runs.history import RunHistory
from mnist_tui.tui.widgets.charts.axes import LogAxis, ValueAxis
from mnist_tui.tui.widgets.charts.chart import Chart
from mnist_tui.tui.widgets.charts.curve_data import (
    CurveData,
    accuracy_limits,
    log_limits,
    log_lines,
    loss_limits,
    whole_epochs,
)


class CurveDrawing:
    """The loss and the accuracy chart."""

    def __init__(self) -> None:
        self.loss, self.accuracy = Chart(), Chart()
        self.data = CurveData()
        self._columns: tuple[int, int] = (0, 0)

    @property
    def is_resized(self) -> bool:
        """Whether the charts have another width than when they were drawn."""
        return self._columns != (self.loss.columns, self.accuracy.columns)

    def reset(self) -> None:
        """Begin another run."""
        self.data = CurveData()
        self.loss.zoomed = self.accuracy.zoomed = False

    def draw(self, history: RunHistory, *, log_scale: bool, smoothing: bool) -> None:
        """Bring both charts up to date."""
        self.data.read(history)
        self._columns = self.loss.columns, self.accuracy.columns
        self._draw_loss(log_scale, smoothing)
        self._draw_accuracy()

    def _draw_loss(self, log_scale: bool, smoothing: bool) -> None:
        chart, data = self.loss, self.data
        lines = data.loss_lines(chart.span((0.0, whole_epochs(data.epochs))), chart.columns, smoothing=smoothing)
        if log_scale:
            lines = log_lines(lines)
            chart.draw(lines, log_limits(lines, data.epochs), LogAxis())
        else:
            chart.draw(lines, loss_limits(lines, data.epochs), ValueAxis())

    def _draw_accuracy(self) -> None:
        chart, data = self.accuracy, self.data
        lines = data.accuracy_lines(chart.span((0.0, whole_epochs(data.epochs))), chart.columns)
        chart.draw(lines, accuracy_limits(lines, data.epochs), ValueAxis(ceiling=100.0))
