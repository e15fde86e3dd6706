"""The two charts of a run and their data; imported late, as numpy takes a while to load."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mnist_tui.runs.history import RunHistory
from mnist_tui.tui.widgets.charts.axes import Axis, ErrorAxis, fit_epochs
from mnist_tui.tui.widgets.charts.chart import Chart
from mnist_tui.tui.widgets.charts.curve_data import CurveData
from mnist_tui.tui.widgets.charts.limits import (
    Limits,
    accuracy_axis,
    accuracy_limits,
    log_limits,
    loss_axis,
    loss_limits,
)
from mnist_tui.tui.widgets.charts.plot import ChartLine, Plot
from mnist_tui.tui.widgets.charts.x_view import Span

# " ● 99.12"
_LABEL_WIDTH = 8
_LABELED = ("train", "validation", "test")
_NAMED = (*_LABELED, "ghost", "ghost-test")
# In epochs: a value from further away is not shown as that of the vertical line.
_CLOSE = 0.5


@dataclass
class Options:
    """How the user wants the curves drawn."""

    log_scale: bool = False
    smoothing: bool = True
    by_error: bool | None = None
    """Whether accuracies are on an axis by error; None to decide by their values."""


class CurveDrawing:
    """The loss and the accuracy chart."""

    def __init__(self) -> None:
        self.loss, self.accuracy = Chart(), Chart()
        self.data = CurveData()
        self.reference: CurveData | None = None
        self.is_by_error = False
        """Whether the accuracy was drawn by error."""
        self._columns: tuple[int, int] = (0, 0)

    @property
    def is_resized(self) -> bool:
        """Whether the charts have another size than when they were drawn."""
        return self._columns != (self.loss.columns, self.accuracy.columns)

    def reset(self) -> None:
        """Begin another run."""
        self.data = CurveData()

    def read(self, history: RunHistory) -> None:
        """Take what is new of the run."""
        self.data.read(history)

    def refer_to(self, history: RunHistory | None) -> None:
        """Draw this run behind the other; None for none."""
        self.reference = None
        if history is not None:
            self.reference = CurveData()
            self.reference.read(history)

    def draw(self, span: Span, options: Options) -> None:
        """Draw both charts over these epochs."""
        self._columns = self.loss.columns, self.accuracy.columns
        self._draw_loss(span, options)
        self._draw_accuracy(span, options)

    def values_at(self, epoch: float) -> tuple[dict[str, float], dict[str, float]]:
        """The loss and the accuracy of each line at its point next to this epoch, if that is close."""
        return _values_at(self.loss.plot.lines, epoch), _values_at(self.accuracy.plot.lines, epoch)

    def _draw_loss(self, span: Span, options: Options) -> None:
        chart = self.loss
        lines = self.data.loss_lines(span, chart.columns, smoothing=options.smoothing)
        if self.reference is not None:
            lines = [*_as_ghost(self.reference.loss_lines(span, chart.columns, smoothing=True)), *lines]
        limits = log_limits(lines, span) if options.log_scale else loss_limits(lines, span)
        _show(chart, lines, span, loss_axis(options.log_scale), limits, _loss_label)

    def _draw_accuracy(self, span: Span, options: Options) -> None:
        chart = self.accuracy
        lines = self.data.accuracy_lines(span, chart.columns)
        if self.reference is not None:
            lines = [*_as_ghost(self.reference.accuracy_lines(span, chart.columns)), *lines]
        limits = accuracy_limits(lines, span)
        axis = accuracy_axis(limits, span, options.by_error)
        self.is_by_error = isinstance(axis, ErrorAxis)
        _show(chart, lines, span, axis, limits, _accuracy_label)


def _show(
    chart: Chart, lines: Sequence[ChartLine], span: Span, axis: Axis, limits: Limits, label: Callable[[float], str]
) -> None:
    """Put lines on axes; the newest values are written at their ends."""
    pen = chart.pen
    finished = [
        replace(
            line,
            label=_label(line, label),
            pen=pen if line.name in _LABELED else "thin",
        )
        for line in lines
    ]
    scale = axis.fit(*limits, max(chart.rows, 2))
    chart.draw(Plot(finished, fit_epochs(*span, chart.layout_of_plot.columns), scale, axis, _LABEL_WIDTH))


def _label(line: ChartLine, write: Callable[[float], str]) -> str:
    """The newest value, behind the sign of the line; "" for a line that has none."""
    if line.name not in _LABELED or not len(line.y):
        return ""
    return f"{line.marker or '━'} {write(float(line.y[-1]))}"


def _as_ghost(lines: Sequence[ChartLine]) -> list[ChartLine]:
    """The lines of another run, faint, without what would compete with the run's own."""
    names = {"train": "ghost", "test": "ghost-test"}
    return [replace(line, name=names[line.name], marker="", filled=False) for line in lines if line.name in names]


def _values_at(lines: Sequence[ChartLine], epoch: float) -> dict[str, float]:
    values = {}
    for line in lines:
        if line.name in _NAMED and len(line.x):
            nearest = int(np.abs(line.x - epoch).argmin())
            if abs(line.x[nearest] - epoch) <= _CLOSE:
                values[line.name] = float(line.y[nearest])
    return values


def _loss_label(value: float) -> str:
    return f"{value:.3f}"


def _accuracy_label(value: float) -> str:
    return f"{value:.2f}"
