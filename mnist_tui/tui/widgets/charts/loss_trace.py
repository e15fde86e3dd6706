"""All batch losses of a run, with the mean over any range in constant time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Steps = NDArray[np.int64]


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

    def curve(self, first: float, last: float, points: int, window: int) -> tuple[Steps, Floats]:
        """At most `points` steps from `first` to `last` and the mean loss up to each of them.

        `window`: the mean is over so many steps before, or where 0 over those since the point before.
        """
        ends = np.unique(np.linspace(first, last, points + 1).clip(0, self.steps).astype(np.int64))
        begins, ends = ends[:-1], ends[1:]
        if window:
            begins = np.maximum(ends - window, 0)
        return ends, self.means(begins, ends)
