"""One metric of several runs by epoch, each curve in its run's color."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from textual_hires_canvas import HiResMode

from mnist_tui.tui.theme_colors import RUN_COLORS
from mnist_tui.tui.widgets.charts.axes import ValueAxis
from mnist_tui.tui.widgets.charts.chart import AxisLimits, Chart


@dataclass(frozen=True)
class Curve:
    """One run's values by epoch, and its slot."""

    slot: int
    epochs: Sequence[float]
    values: Sequence[float]


class OverlayChart(Chart):
    """A Chart whose lines are runs; their numbers on the curves tell them apart without color."""

    def __init__(self, *, ceiling: float = math.inf) -> None:
        super().__init__()
        self._ceiling = ceiling
        self.curves: Sequence[Curve] = ()

    def draw_curves(self, curves: Sequence[Curve]) -> None:
        """Replace all curves; the axes fit what is shown, unless the user has zoomed."""
        self.curves = [curve for curve in curves if curve.epochs]
        self.draw((), _limits(self.curves), ValueAxis(ceiling=self._ceiling))

    def plot_lines(self) -> None:
        super().plot_lines()
        for curve in self.curves:
            color = self.app.theme_variables[RUN_COLORS[curve.slot]]
            self.plot(curve.epochs, curve.values, line_style=color, hires_mode=HiResMode.BRAILLE)
        for curve in self.curves:
            self._number(curve)

    def _number(self, curve: Curve) -> None:
        """At different places per run, so that close curves do not hide each other's numbers."""
        step = max(len(RUN_COLORS), 4 * self.marker_step(len(curve.epochs)))
        places = slice(min(curve.slot, len(curve.epochs) - 1), None, step)
        color = f"bold {self.app.theme_variables[RUN_COLORS[curve.slot]]}"
        self.scatter(curve.epochs[places], curve.values[places], str(curve.slot + 1), marker_style=color)


def _limits(curves: Sequence[Curve]) -> AxisLimits:
    values = [value for curve in curves for value in curve.values]
    if not values:
        return AxisLimits(0, 1, 0, 1)
    low, high = min(values), max(values)
    return AxisLimits(1, max(2.0, *(curve.epochs[-1] for curve in curves)), low, high)
