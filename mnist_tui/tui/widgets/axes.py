"""Ticks and labels for the charts: few enough for the room, and round."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

from textual_plot.axis_formatter import AxisFormatter

LABEL_WIDTH = 5


class ValueAxis(AxisFormatter):
    """Round values; `room` is how many ticks there is room for, `smallest` the least step between two."""

    def __init__(self, *, smallest: float = 0.0) -> None:
        self.room = 5
        self._smallest = smallest

    def get_ticks(self, min_: float, max_: float, max_ticks: int = 8) -> list[float]:
        """Multiples of the finest round step that leaves at most `room` ticks."""
        step = self._step(max_ - min_, min(self.room, max_ticks))
        return [
            step * index for index in range(math.ceil(min_ / step - 1e-9), math.floor(max_ / step + 1e-9) + 1)
        ]

    def get_labels_for_ticks(self, ticks: Sequence[float]) -> list[str]:
        """As many decimals as tell the ticks apart."""
        step = min((abs(after - before) for before, after in itertools.pairwise(ticks)), default=1.0)
        decimals = max(0, -math.floor(math.log10(step) + 1e-9)) if step > 0 else 0
        return [_fitted(f"{tick:.{decimals}f}") for tick in ticks]

    def _step(self, extent: float, room: int) -> float:
        least = max(extent / max(room, 1), self._smallest, 1e-9)
        power = 10.0 ** math.floor(math.log10(least))
        return next(power * factor for factor in (1, 2, 5, 10, 20) if power * factor >= least * (1 - 1e-9))


class LogAxis(ValueAxis):
    """An axis of logarithms to base 10, labelled with the true values."""

    def get_ticks(self, min_: float, max_: float, max_ticks: int = 8) -> list[float]:
        """1, 2, 5 in each power of ten, or fewer where there is little room; evenly where zoomed in far."""
        room = min(self.room, max_ticks)
        for factors in ((1, 2, 5), (1, 3), (1,)):
            ticks = list(_within(min_, max_, factors))
            if len(ticks) <= room:
                break
        if len(ticks) >= 2:
            return ticks
        return [math.log10(tick) for tick in super().get_ticks(10**min_, 10**max_, max_ticks) if tick > 0]

    def get_labels_for_ticks(self, ticks: Sequence[float]) -> list[str]:
        """The values themselves."""
        return [_fitted(f"{10**tick:.3g}") for tick in ticks]


def _within(low: float, high: float, factors: Sequence[int]) -> Iterator[float]:
    for power in range(math.floor(low), math.floor(high) + 1):
        for factor in factors:
            if low <= (tick := power + math.log10(factor)) <= high:
                yield tick


def _fitted(label: str) -> str:
    return label if len(label) <= LABEL_WIDTH else label.replace("0.", ".", 1)[:LABEL_WIDTH]
