"""All batch losses of a run, with the mean over any range in constant time."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Steps = NDArray[np.int64]

# A bin this far away, about two dots of a chart, counts for 1/e; those beyond the reach for nothing.
_MEMORY, _REACH = 2.0, 8
_KERNEL = np.exp(-np.abs(np.arange(-_REACH, _REACH + 1)) / _MEMORY)


class LossTrace:
    """Keeps running sums: a mean over two hundred thousand steps costs as much as one over ten."""

    def __init__(self) -> None:
        # Row 0 sums the losses before each step, row 1 counts those that are numbers.
        self._sums = np.zeros((2, 1024))
        self.steps = 0

    def update(self, valid: int, losses: Sequence[float]) -> None:
        """Forget all but the first `valid` losses, then add these."""
        self.steps = min(valid, self.steps)
        values = np.asarray(losses, dtype=np.float64)
        end = self.steps + len(values)
        if end >= self._sums.shape[1]:
            self._sums = np.pad(self._sums, ((0, 0), (0, 2 * end - self._sums.shape[1])))
        known = np.isfinite(values)
        added = np.cumsum([np.where(known, values, 0.0), known], axis=1)
        self._sums[:, self.steps + 1 : end + 1] = self._sums[:, self.steps, None] + added
        self.steps = end

    def means(self, begin: Steps, end: Steps) -> Floats:
        """Mean losses of the steps [begin, end), one per pair; NaN where there is none."""
        sums, counts = self._sums[:, end] - self._sums[:, begin]
        means = np.full(len(sums), np.nan)
        np.divide(sums, counts, out=means, where=counts > 0)
        return means

    def bins(self, first: float, last: float, points: int) -> tuple[Steps, Floats]:
        """The mean losses of at most about `points` bins of equally many steps from `first` to `last`, by their ends.

        Only whole bins: what is left over at the end of a run in progress is of too few batches to mean anything. All
        begin at multiples of their size, so that a bin stays the same while more come.
        """
        size = max(math.ceil((last - first) / max(points, 1)), 1)
        begin, end = max(math.floor(first / size), 0), min(math.ceil(last / size), self.steps // size)
        edges = np.arange(begin, max(end, begin) + 1, dtype=np.int64) * size
        return edges[1:], self.means(edges[:-1], edges[1:])

    def single(self, ends: Steps) -> Floats:
        """The loss of the batch before each of these steps."""
        return self.means(ends - 1, ends)


def moving_average(values: Floats) -> Floats:
    """An exponential moving average, of values that are numbers, that looks both ways.

    One that looks only back lags behind, and of a curve that falls as steeply as this one in the first epoch would lie
    far above it. The first value stays: what would be before it continues the curve. The last has nothing ahead of it.
    """
    if len(values) < 2:
        return values
    before = np.pad(values, (min(_REACH, len(values) - 1), 0), mode="reflect", reflect_type="odd")
    reach = len(_KERNEL) // 2
    sums = np.convolve(before, _KERNEL)[reach:-reach]
    weights = np.convolve(np.ones(len(before)), _KERNEL)[reach:-reach]
    averages: Floats = (sums / weights)[-len(values) :]
    return averages
