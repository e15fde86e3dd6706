"""What part of their values the charts show, and on which axis."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mnist_tui.tui.widgets.charts.axes import Axis, ErrorAxis, LinearAxis, LogAxis
from mnist_tui.tui.widgets.charts.loss_trace import Floats
from mnist_tui.tui.widgets.charts.plot import ChartLine
from mnist_tui.tui.widgets.charts.x_view import Span

Limits = tuple[float, float]
"""The lowest and the highest value to show."""

# The loss of ten equally likely digits: the top of an axis without data.
_UNTRAINED = 2.3
# The values in this part of the axis may lie outside: the first batches would flatten all that follows.
_FIRST_PART = 0.05
# Of runs that come to this accuracy, in percent, an axis by error shows more.
_ERRORS_FROM = 95.0
# The least range of an axis.
_LEAST_LOSS_RANGE, _LEAST_RANGE = 1e-3, 0.25


def loss_limits(lines: Sequence[ChartLine], span: Span) -> Limits:
    """From 0 to the highest loss. In the first epoch that is the first; later the first batches are left out."""
    values = _values(lines, span)
    top = float(values.max(initial=0.0))
    return 0.0, max(1.02 * top, _LEAST_LOSS_RANGE) if len(values) else _UNTRAINED


def log_limits(lines: Sequence[ChartLine], span: Span) -> Limits:
    """From the lowest to the highest loss."""
    values = _values(lines, span, everything=True)
    values = values[values > 0]
    return (float(values.min()), float(values.max())) if len(values) else (0.01, _UNTRAINED)


def accuracy_limits(lines: Sequence[ChartLine], span: Span) -> Limits:
    """Around the curves, up to 100 %; the whole scale in the first epoch."""
    values = _values(lines, span)
    if span[1] <= 1 or not len(values):
        return 0.0, 100.0
    # What a run behind this one has reached lies ahead.
    ahead = _in_view([line for line in lines if line.name.startswith("ghost")], *span)
    low, high = float(values.min()), float(max(values.max(), ahead.max(initial=0.0)))
    air = max((_LEAST_RANGE - (high - low)) / 2, 0.0)
    return max(low - air, 0.0), min(high + air, 100.0)


def accuracy_axis(limits: Limits, span: Span, by_error: bool | None) -> Axis:
    """By error if asked for; if nothing was asked, where curves come close to 100 %, but not in the first epoch."""
    if by_error is None:
        by_error = limits[1] >= _ERRORS_FROM and span[1] > 1
    return ErrorAxis() if by_error else LinearAxis(floor=0.0, ceiling=100.0)


def loss_axis(log_scale: bool) -> Axis:
    """Logarithmic or linear."""
    return LogAxis() if log_scale else LinearAxis()


def _values(lines: Sequence[ChartLine], span: Span, *, everything: bool = False) -> Floats:
    """What must be visible: of the lines in view, but not of a long run's beginning.

    Single batches may lie outside, and so may another run that is drawn behind, unless there is nothing else yet.
    """
    first = span[0]
    if first <= 0 and span[1] > 1 and not everything:
        first = _FIRST_PART * span[1]
    own = _in_view([line for line in lines if not line.name.startswith(("raw", "ghost"))], first, span[1])
    return own if len(own) else _in_view([line for line in lines if line.name != "raw"], first, span[1])


def _in_view(lines: Sequence[ChartLine], first: float, last: float) -> Floats:
    chosen = [line.y[(line.x >= first) & (line.x <= last)] for line in lines]
    return np.concatenate(chosen) if chosen else np.empty(0)
