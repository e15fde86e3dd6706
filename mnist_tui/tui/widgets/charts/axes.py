"""Ticks and labels of the charts: round numbers, as many as there is room for."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from textual_plot.axis_formatter import AxisFormatter

LABEL_WIDTH = 5


# Rows from one tick to the next, and how many ticks a chart should have.
_ROWS_PER_TICK = range(2, 9)
_ENOUGH_TICKS, _MANY_TICKS = 4, 8
# What a tick too few, or too many, costs in room for the curves.
_TICK_COST = 0.12
# Each power of ten times these; the rounder ones are worth a little room.
_ROUND = {1: 0.0, 2: 0.0, 2.5: 0.06, 4: 0.06, 5: 0.0}


@dataclass(frozen=True)
class _Fit:
    """A way to lay an axis over rows: from tick to tick, from row to row, and the value of the lowest row."""

    step: float
    unit: float
    bottom: float

    def cost(self, extent: float, rows: int) -> float:
        """How many times the room that is needed, and something for ticks that are too few or too many."""
        ticks = rows * self.unit / self.step
        lacking = max(_ENOUGH_TICKS - ticks, ticks - _MANY_TICKS, 0.0)
        odd = _ROUND.get(round(self.step / 10 ** math.floor(math.log10(self.step) + 1e-9), 6), 0.0)
        return self.unit * rows / max(extent, 1e-9) + _TICK_COST * lacking + odd


class ValueAxis(AxisFormatter):
    """Round values; `room` is how many ticks there is room for, `smallest` the least step between two."""

    def __init__(self, *, smallest: float = 0.0, ceiling: float = math.inf) -> None:
        self.room = 5
        self._smallest, self._ceiling = smallest, ceiling
        self._fitted_step = 0.0

    def spread(self, low: float, high: float, rows: int) -> tuple[float, float]:
        """Limits around [low, high] with every tick in the middle of a row, all equally far apart.

        Just around them where no round step fits: in very few rows, or with more digits than a float has.
        """
        fits = [fit for per_tick in _ROWS_PER_TICK for fit in self._fits(low, high, rows, per_tick)]
        if not fits:
            self.reset_step()
            margin = max((high - low) / 2, abs(high) * 1e-6, 1e-9)
            return low - margin, high + margin
        best = min(fits, key=lambda fit: fit.cost(high - low, rows))
        self._fitted_step = best.step
        return best.bottom - best.unit / 2, best.bottom + best.unit * (rows - 0.5)

    def _fits(self, low: float, high: float, rows: int, per_tick: int) -> Iterator[_Fit]:
        """The finest step for so many rows a tick that spans it all; none where no step does."""
        above = rows - 1
        if not above:
            return
        finest = max((high - low) * per_tick / above, self._smallest, abs(high) * 1e-6, 1e-6)
        for step in itertools.islice(_round_steps(finest), 8):
            unit = step / per_tick
            bottom = step * math.floor(low / step + 1e-9)
            if bottom + unit * above > self._ceiling:
                bottom = self._ceiling - unit * above
            if bottom <= low + 1e-9 and bottom + unit * above >= high - 1e-9:
                yield _Fit(step, unit, bottom)
                return

    def reset_step(self) -> None:
        """Choose the step anew for the next limits."""
        self._fitted_step = 0.0

    def get_ticks(self, min_: float, max_: float, max_ticks: int = 8) -> list[float]:
        """Multiples of the step that the limits were spread for, or of the finest that leaves `room` ticks."""
        step = self._fitted_step or self._step(max_ - min_, min(self.room, max_ticks))
        return [step * index for index in range(math.ceil(min_ / step - 1e-9), math.floor(max_ / step + 1e-9) + 1)]

    def get_labels_for_ticks(self, ticks: Sequence[float]) -> list[str]:
        # As many decimals as the ticks need to differ.
        step = min((abs(after - before) for before, after in itertools.pairwise(ticks)), default=1.0)
        decimals = next((count for count in range(6) if _is_whole(step * 10**count)), 6)
        return [_shorten(f"{tick:.{decimals}f}") for tick in ticks]

    def _step(self, extent: float, room: int) -> float:
        steps = _round_steps(max(extent / max(room, 1), self._smallest, 1e-9))
        return next(step for step in steps if not self._smallest or _is_whole(step / self._smallest))


class LogAxis(ValueAxis):
    """An axis of logarithms to base 10, labeled with the true values."""

    def spread(self, low: float, high: float, rows: int) -> tuple[float, float]:
        # Round values are not equally far apart here.
        return low, high

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
        return [_shorten(f"{10**tick:.3g}") for tick in ticks]


def _round_steps(least: float) -> Iterator[float]:
    """1, 2, 2.5, 4 and 5 times powers of ten, from the first that is at least `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    while True:
        yield from (power * factor for factor in _ROUND if power * factor >= least * (1 - 1e-9))
        power *= 10


def _is_whole(value: float) -> bool:
    return value >= 1 - 1e-6 and abs(value - round(value)) < 1e-6 * value


def _within(low: float, high: float, factors: Sequence[int]) -> Iterator[float]:
    for power in range(math.floor(low), math.floor(high) + 1):
        for factor in factors:
            if low <= (tick := power + math.log10(factor)) <= high:
                yield tick


def _shorten(label: str) -> str:
    return label if len(label) <= LABEL_WIDTH else label.replace("0.", ".", 1)[:LABEL_WIDTH]
