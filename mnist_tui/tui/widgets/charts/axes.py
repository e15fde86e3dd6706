"""The scales of the charts: round limits and labels, at least two of them, each in the middle of its row or column."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from mnist_tui.tui.widgets.charts.loss_trace import Floats

LABEL_WIDTH = 5

# Rows from one tick to the next, and how many ticks a chart should have.
_ROWS_PER_TICK = range(1, 9)
_ENOUGH_TICKS, _MANY_TICKS = 4, 8
# With more rows than this the ends alone are too few ticks, even if the others cannot be equally far apart.
_ROWS_FOR_THREE_TICKS = 4
# What a tick too few, or too many, costs in room for the curves.
_TICK_COST = 0.25
# Each power of ten times these; the rounder ones are worth a little room.
_ROUND = {1: 0.0, 2: 0.0, 2.5: 0.06, 4: 0.06, 5: 0.0}
# What the limits of a logarithmic axis are rounded to, and its labels, with as many as there is room for.
_LOG_LIMITS = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
# For an axis of less than a power of ten.
_FINE_LABELS = ((1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9))
_LEAST = 1e-6
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Tick:
    """A label, and where it stands in the units of its scale."""

    place: float
    label: str


@dataclass(frozen=True)
class Scale:
    """`bottom` lies in the middle of the lowest row, `top` in that of the highest, in the units of the axis."""

    bottom: float
    top: float
    ticks: tuple[Tick, ...]

    def rows(self, places: Floats, rows: int) -> Floats:
        """How far down these places lie in a picture of so many rows, from its upper edge."""
        extent = self.top - self.bottom
        return (self.top - places) / extent * (rows - 1) + 0.5


class Axis(Protocol):
    """How values become places."""

    def places(self, values: Floats) -> Floats:
        """In the units of the scale."""

    def fit(self, low: float, high: float, rows: int) -> Scale:
        """A scale around these values for so many rows, at least two."""


@dataclass(frozen=True)
class _Fit:
    """A way to lay an axis over rows: from tick to tick, from row to row, and the value of the lowest row."""

    step: float
    unit: float
    bottom: float

    def cost(self, extent: float, rows: int) -> float:
        """How many times the room that is needed, and something for ticks that are too few or too many."""
        ticks = (rows - 1) * self.unit / self.step + 1
        per_tick = self.step / self.unit
        lacking = max(_ENOUGH_TICKS - ticks, ticks - _MANY_TICKS, 0.0) + (per_tick < 1.5 and rows > 4)
        odd = _ROUND.get(round(self.step / 10 ** math.floor(math.log10(self.step) + _ROUNDING), 6), 0.0)
        return self.unit * (rows - 1) / max(extent, _ROUNDING) + _TICK_COST * lacking + odd


class LinearAxis:
    """Round values equally far apart; nothing below `floor` or above `ceiling` is on it."""

    def __init__(self, *, floor: float = -math.inf, ceiling: float = math.inf) -> None:
        self._floor, self._ceiling = floor, ceiling

    def places(self, values: Floats) -> Floats:
        return values

    def fit(self, low: float, high: float, rows: int) -> Scale:
        fits = [fit for per_tick in _ROWS_PER_TICK for fit in self._fits(low, high, rows, per_tick)]
        if not fits and math.isfinite(self._ceiling - self._floor):
            return _whole_scale(self._floor, self._ceiling, rows)
        if not fits:
            return _plain_scale(low, high)
        best = min(fits, key=lambda fit: fit.cost(high - low, rows))
        top = best.bottom + best.unit * (rows - 1)
        ticks = _multiples(best.step, best.bottom, top)
        if ticks == [self._floor, self._ceiling] and rows > _ROWS_FOR_THREE_TICKS:
            return _whole_scale(self._floor, self._ceiling, rows)
        return Scale(best.bottom, top, tuple(_label(ticks)))

    def _fits(self, low: float, high: float, rows: int, per_tick: int) -> Iterator[_Fit]:
        """The finest step for so many rows per tick that spans it all with two ticks; none where no step does."""
        above = rows - 1
        if above < per_tick:
            return
        finest = max((high - low) * per_tick / above, abs(high) * 1e-6, 1e-6)
        for step in itertools.islice(_round_steps(finest), 8):
            unit = step / per_tick
            bottom = step * math.floor(low / step + _ROUNDING)
            if bottom + unit * above > self._ceiling:
                bottom = self._ceiling - unit * above
            top = bottom + unit * above
            around = bottom <= low + _ROUNDING and top >= high - _ROUNDING
            if bottom < self._floor - _ROUNDING:
                return
            if _reaches([top], self._ceiling) and not _reaches(_multiples(step, bottom, top), top):
                continue  # which has to be labeled
            if around and len(_multiples(step, bottom, top)) > 1:
                yield _Fit(step, unit, bottom)
                return


class LogAxis:
    """Equal factors equally far apart, labeled with the values themselves."""

    # Whether larger magnitudes lie higher.
    _UPWARDS = True
    # What its labels may be, times powers of ten: the first that there is room for.
    _LABELS: ClassVar[Sequence[Sequence[float]]] = ((1, 2, 5), (1, 3), (1,))

    def places(self, values: Floats) -> Floats:
        logarithms: Floats = np.log10(np.maximum(self.magnitudes(values), _LEAST))
        return logarithms if self._UPWARDS else -logarithms

    def fit(self, low: float, high: float, rows: int) -> Scale:
        ends = np.maximum(self.magnitudes(np.array([low, high])), _LEAST)
        small, large = _round_magnitudes(float(ends.min()), float(ends.max()))
        marks = self._marks(small, large, rows)
        ticks = [
            Tick(float(place), self.label(mark))
            for place, mark in sorted(zip(self._logarithms(marks), marks, strict=True))
        ]
        return Scale(ticks[0].place, ticks[-1].place, tuple(ticks))

    def magnitudes(self, values: Floats) -> Floats:
        """What is drawn by its logarithm, of these values."""
        return values

    def label(self, magnitude: float) -> str:
        """The value of this magnitude, as it is written."""
        return _shorten(f"{magnitude:.3g}" if magnitude < 1000 else f"{magnitude:.0f}")

    def _logarithms(self, magnitudes: Sequence[float]) -> list[float]:
        return [math.log10(magnitude) * (1 if self._UPWARDS else -1) for magnitude in magnitudes]

    def _marks(self, small: float, large: float, rows: int) -> list[float]:
        """Both ends, and round magnitudes between that have two rows each."""
        per_row = math.log10(large / small) / max(rows - 1, 1)
        for factors in (*self._LABELS, *_FINE_LABELS):
            between = [mark for mark in _within(small, large, factors) if small * 1.001 < mark < large * 0.999]
            marks = [small, *between, large]
            gaps = [math.log10(after / before) / per_row for before, after in itertools.pairwise(marks)]
            if len(between) > 1 and min(gaps[1:-1], default=2.0) >= 2:
                # Those at the ends may be too close to an end, which is not round but has to be labeled.
                inner = [mark for mark in between if _is_clear(mark, small, large, 1.5 * per_row)]
                return [small, *inner, large]
        return [small, large]


class ErrorAxis(LogAxis):
    """Accuracies in percent by their distance from 100 %: from 99 to 99.5 % is as far as from 98 to 99 %."""

    _UPWARDS = False
    _LABELS = ((1, 3), (1,))

    def magnitudes(self, values: Floats) -> Floats:
        # One error in ten thousand: what is better cannot be told apart, and 100 % would be infinitely far up.
        return np.maximum(100 - values, 0.01)

    def label(self, magnitude: float) -> str:
        return f"{100 - magnitude:.4g}"


def fit_epochs(first: float, last: float, columns: int) -> Scale:
    """Ticks for an axis of epochs over so many columns: whole ones, unless it is zoomed in further; the last too."""
    room = max(columns // 7, 1)
    steps = _round_steps(max((last - first) / room, _ROUNDING))
    step = next(step for step in steps if step < 1 or abs(step - round(step)) < _ROUNDING)
    if step < 1 and last - first > 1 and len(_multiples(1.0, first, last)) > 1:
        step = 1.0
    places = _multiples(step, first, last)
    if len(places) < 2:
        return Scale(first, last, tuple(_label([first, last])))
    label_room = (last - first) / max(columns - 1, 1) * (LABEL_WIDTH + 1)
    if last - places[-1] > _ROUNDING and abs(last - round(last)) < _ROUNDING:
        # The end of the run, in place of a round number that is too close to it.
        places = [*(place for place in places if last - place > label_room), last]
    return Scale(first, last, tuple(Tick(tick.place, _trim(tick.label)) for tick in _label(places)))


def _trim(label: str) -> str:
    """0.50 -> 0.5, 1.00 -> 1."""
    return label.rstrip("0").rstrip(".") if "." in label else label


def _whole_scale(floor: float, ceiling: float, rows: int) -> Scale:
    """All that there can be, which may not leave the same number of rows between all ticks."""
    steps = _round_steps((ceiling - floor) / max(min((rows - 1) // 2, _MANY_TICKS), 1))
    ticks = next(places for step in steps if _reaches(places := _multiples(step, floor, ceiling), ceiling))
    return Scale(floor, ceiling, tuple(_label(ticks)))


def _reaches(places: Sequence[float], end: float) -> bool:
    return bool(places) and abs(places[-1] - end) < _ROUNDING


def _plain_scale(low: float, high: float) -> Scale:
    """Just around the values: in very few rows, or with more digits than a float has."""
    margin = max((high - low) / 2, abs(high) * 1e-6, 1e-9)
    ends = low - margin, high + margin
    return Scale(*ends, tuple(Tick(end, _shorten(f"{end:.3g}")) for end in ends))


def _label(places: Sequence[float]) -> Iterator[Tick]:
    """As many decimals as the ticks need to differ."""
    step = min((abs(after - before) for before, after in itertools.pairwise(places)), default=1.0)
    decimals = next((count for count in range(6) if _is_whole(step * 10**count)), 3)
    for place in places:
        # Without a sign, which rounding could leave of a value just below zero.
        yield Tick(place, _shorten(f"{place if abs(place) > step / 1e6 else 0.0:.{decimals}f}"))


def _multiples(step: float, low: float, high: float) -> list[float]:
    begin, end = math.ceil(low / step - 1e-6), math.floor(high / step + 1e-6)
    return [step * index for index in range(begin, end + 1)]


def _round_steps(least: float) -> Iterator[float]:
    """1, 2, 2.5, 4 and 5 times powers of ten, from the first that is at least `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    while True:
        yield from (power * factor for factor in _ROUND if power * factor >= least * (1 - 1e-9))
        power *= 10


def _round_magnitudes(small: float, large: float) -> tuple[float, float]:
    """Round numbers around these two that differ."""
    down = 10.0 ** math.floor(math.log10(small) + _ROUNDING)
    up = 10.0 ** math.floor(math.log10(large) - _ROUNDING)
    lower = [power * factor for power in (down / 10, down) for factor in _LOG_LIMITS]
    upper = [power * factor for power in (up, up * 10) for factor in _LOG_LIMITS]
    below = max(mark for mark in lower if mark <= small * (1 + 1e-9))
    above = min(mark for mark in upper if mark >= large * (1 - 1e-9))
    return (below, above) if above > below * 1.001 else (below / 1.25, above * 1.25)


def _within(low: float, high: float, factors: Sequence[float]) -> Iterator[float]:
    for power in range(math.floor(math.log10(low)), math.floor(math.log10(high)) + 1):
        yield from (mark for factor in factors if low <= (mark := 10.0**power * factor) <= high)


def _is_clear(mark: float, small: float, large: float, distance: float) -> bool:
    return math.log10(mark / small) >= distance and math.log10(large / mark) >= distance


def _is_whole(value: float) -> bool:
    return value >= 1 - 1e-6 and abs(value - round(value)) < 1e-6 * value


def _shorten(label: str) -> str:
    return label if len(label) <= LABEL_WIDTH else label.replace("0.", ".", 1)[:LABEL_WIDTH]
