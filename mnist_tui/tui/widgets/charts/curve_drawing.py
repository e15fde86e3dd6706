"""The two charts of a run and their data; imported late, as numpy takes a while to load."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mnist_tui.runs.history import RunHistory
from mnist_tui.tui.widgets.charts.axes import Axis, ErrorAxis, fit_epochs
from mnist_tui.tui.widgets.charts.chart import Chart, Readout
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
_SIGNS = {"train": "━", "validation": "◆", "test": "●", "ghost": "┈", "ghost-test": "○"}
# A chart of so many columns has room for the step at the vertical line beside its labels.
_ROOM_FOR_STEP = 70
# A line of batches may end so much of the view beyond it, in the bin that the view ends in.
_NEXT_BIN = 0.02
# In epochs: a value from further away is not shown as that of the vertical line.
_REACH = 0.5


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

    def read_off(self, chart: Chart, at: float) -> Readout:
        """Where the vertical line is, and the values of the chart's lines at their points next to it."""
        write = _loss_label if chart is self.loss else _accuracy_label
        where = f"{at:.2f}"
        if self.data.steps and chart.size.width >= _ROOM_FOR_STEP:
            where += f" · step {round(at * self.data.steps):,}"
        values = _values_at(chart.plot.lines, at)
        return [(where, "crosshair"), *((f"{_SIGNS[name]} {write(value)}", name) for name, value in values.items())]

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
    if not chart.size.area:
        return  # it is hidden
    pen = chart.pen
    finished = [
        replace(
            line,
            label=_label(line, span, label),
            pen=pen if line.name in _LABELED else "thin",
        )
        for line in lines
    ]
    scale = axis.fit(*limits, max(chart.rows, 2))
    chart.draw(Plot(finished, fit_epochs(*span, chart.layout_of_plot.columns), scale, axis, _LABEL_WIDTH))


def _label(line: ChartLine, span: Span, write: Callable[[float], str]) -> str:
    """The newest value, behind the sign of the line; "" for a line that has none, or goes on beyond what is in view."""
    if line.name not in _LABELED or not len(line.y) or line.x[-1] > span[1] + _NEXT_BIN * (span[1] - span[0]):
        return ""
    return f"{_SIGNS[line.name]} {write(float(line.y[-1]))}"


def _as_ghost(lines: Sequence[ChartLine]) -> list[ChartLine]:
    """The lines of another run, faint, without what would compete with the run's own."""
    names = {"train": "ghost", "test": "ghost-test"}
    markers = {"train": "", "test": "○"}
    return [
        replace(line, name=names[line.name], marker=markers[line.name], filled=False)
        for line in lines
        if line.name in names
    ]


def _values_at(lines: Sequence[ChartLine], epoch: float) -> dict[str, float]:
    """Of each line that has a name the value at its point next to this epoch; nothing where the line is not."""
    found = {line.name: line for line in lines if len(line.x)}
    values = {name: _value_at(found[name], epoch) for name in _SIGNS if name in found}
    return {name: value for name, value in values.items() if value is not None}


def _value_at(line: ChartLine, epoch: float) -> float | None:
    nearest = int(np.abs(line.x - epoch).argmin())
    gaps = np.diff(line.x)[max(nearest - 1, 0) : nearest + 1]
    reach = min(float(gaps.max(initial=0.0)) / 2 or _REACH, _REACH)
    return float(line.y[nearest]) if abs(line.x[nearest] - epoch) <= reach + 1e-9 else None


def _loss_label(value: float) -> str:
    return f"{value:.3f}"


def _accuracy_label(value: float) -> str:
    return f"{value:.2f}"
