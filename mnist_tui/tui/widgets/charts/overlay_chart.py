"""One metric of several runs by epoch: each curve in its run's color, with its number at its right end."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from textual.app import ComposeResult
from textual.color import Color

from mnist_tui.tui.theme_colors import RUN_COLORS
from mnist_tui.tui.widgets.charts.axes import Axis, ErrorAxis, fit_epochs
from mnist_tui.tui.widgets.charts.chart import Chart, Readout
from mnist_tui.tui.widgets.charts.chart_group import ChartGroup
from mnist_tui.tui.widgets.charts.limits import Limits, accuracy_axis, loss_axis
from mnist_tui.tui.widgets.charts.plot import ChartLine, Plot
from mnist_tui.tui.widgets.charts.x_view import Extent, Span
from mnist_tui.tui.widgets.frame.panel import Panel

# " 8"
_LABEL_WIDTH = 2
# Of the curves of the runs that are not under the cursor.
_OTHERS_STRENGTH = 0.55


@dataclass(frozen=True)
class Curve:
    """One run's values by epoch, and its slot."""

    slot: int
    epochs: Sequence[float]
    values: Sequence[float]


class OverlayChart(Chart):
    """A Chart whose lines are runs; their numbers at their ends tell them apart without color."""

    def __init__(self) -> None:
        super().__init__()
        self.curves: Sequence[Curve] = ()
        self.emphasized: int | None = None
        """The slot of the run under the cursor: drawn last and thick, the others dimmed."""

    def draw_curves(self, span: Span, axis: Axis, limits: Limits) -> None:
        """Draw `curves` on these axes."""
        ordered = sorted(self.curves, key=lambda curve: curve.slot == self.emphasized)
        lines = [self._line(curve) for curve in ordered]
        scale = axis.fit(*limits, max(self.rows, 2))
        x = fit_epochs(*span, self.layout_of_plot.columns)
        self.draw(Plot(lines, x, scale, axis, _LABEL_WIDTH, labels_together=False))

    def color_of(self, ink: str) -> Color:
        """Runs have colors of their own; those that are not under the cursor are faint."""
        if not ink.startswith("run"):
            return super().color_of(ink)
        _, slot, strength = ink.split("-")
        color = Color.parse(self.app.theme_variables[RUN_COLORS[int(slot)]])
        return color if strength == "full" else color.with_alpha(_OTHERS_STRENGTH)

    def _line(self, curve: Curve) -> ChartLine:
        stands_out = self.emphasized in (None, curve.slot)
        return ChartLine(
            f"run-{curve.slot}-{'full' if stands_out else 'faint'}",
            np.array(curve.epochs, dtype=np.float64),
            np.array(curve.values, dtype=np.float64),
            marker=str(curve.slot + 1) if len(curve.epochs) == 1 else "",
            label=str(curve.slot + 1),
            label_ink=f"run-{curve.slot}-full",
            pen="solid" if self.is_large else "thick" if curve.slot == self.emphasized else "thin",
        )


class OverlayCharts(ChartGroup):
    """The test accuracy and the test loss of the runs that are compared."""

    DEFAULT_CSS = """
    OverlayCharts { layout: horizontal; }
    """

    def __init__(self) -> None:
        super().__init__(id="charts")
        self.accuracy, self.loss = OverlayChart(), OverlayChart()
        self.by_error: bool | None = None
        self.log_scale = False
        self._panels = Panel("Test accuracy %", jump="A"), Panel("Test loss", jump="L")

    @property
    def charts(self) -> Sequence[Chart]:
        return self.accuracy, self.loss

    def compose(self) -> ComposeResult:
        for panel, chart, name in zip(self._panels, self.charts, ("accuracy", "loss"), strict=True):
            panel.add_class(name)
            with panel:
                yield chart

    def show(self, accuracy: Sequence[Curve], loss: Sequence[Curve]) -> None:
        """Draw these curves instead; runs without an epoch have none."""
        self.accuracy.curves = [curve for curve in accuracy if curve.epochs]
        self.loss.curves = [curve for curve in loss if curve.epochs]
        self.redraw()

    def emphasize(self, slot: int | None) -> None:
        """Draw this run over the others, which are dimmed; None for none."""
        if slot != self.accuracy.emphasized:
            self.accuracy.emphasized = self.loss.emphasized = slot
            self.redraw()

    def toggle_axis(self, chart: Chart) -> None:
        if chart is self.loss:
            self.log_scale = not self.log_scale
        else:
            self.by_error = not self._is_by_error
        self.redraw()

    def redraw(self) -> None:
        last = max((curve.epochs[-1] for curve in self.accuracy.curves), default=1.0)
        self.view.follow(Extent(last, max(last, 2.0)))
        first, last = self.view.span
        # Nothing is known before the end of the first epoch.
        span = max(first, 1.0), max(last, 2.0)
        self._draw_accuracy(span)
        self._draw_loss(span)
        for panel, chart in zip(self._panels, self.charts, strict=True):
            panel.border_subtitle = " · ".join([*self.view_notes, *self._notes(chart), "epoch"])
        self.draw_crosshair()

    def read_off(self, chart: Chart, at: float) -> Readout:
        """The values of all runs at the next epoch, that under the cursor first."""
        assert isinstance(chart, OverlayChart)
        epoch = round(at)
        known = [curve for curve in chart.curves if epoch in curve.epochs]
        known.sort(key=lambda curve: (curve.slot != chart.emphasized, curve.slot))
        digits = 2 if chart is self.accuracy else 4
        values = [(curve.slot, curve.values[list(curve.epochs).index(epoch)]) for curve in known]
        return [
            (f"{epoch}", "crosshair"),
            *((f"{slot + 1} {value:.{digits}f}", f"run-{slot}-full") for slot, value in values),
        ]

    def _notes(self, chart: Chart) -> list[str]:
        if chart is self.loss:
            return ["log scale"] * self.log_scale
        return ["by error"] * self._is_by_error

    def _draw_accuracy(self, span: Span) -> None:
        limits = _limits(self.accuracy.curves, span, (0.0, 100.0))
        self.accuracy.draw_curves(span, accuracy_axis(limits, span, self.by_error), limits)

    def _draw_loss(self, span: Span) -> None:
        limits = _limits(self.loss.curves, span, (0.01, 1.0))
        if not self.log_scale:
            limits = 0.0, limits[1]
        self.loss.draw_curves(span, loss_axis(self.log_scale), limits)

    @property
    def _is_by_error(self) -> bool:
        return isinstance(self.accuracy.plot.axis, ErrorAxis)


def _limits(curves: Sequence[Curve], span: Span, otherwise: Limits) -> Limits:
    """The lowest and the highest value in view."""
    values = [
        value
        for curve in curves
        for epoch, value in zip(curve.epochs, curve.values, strict=True)
        if span[0] <= epoch <= span[1] and math.isfinite(value)
    ]
    return (min(values), max(values)) if values else otherwise
