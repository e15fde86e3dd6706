"""Which epochs the charts of a run show: all, or a part that the user has zoomed to."""

from __future__ import annotations

import math
from dataclasses import dataclass

Span = tuple[float, float]
"""The first and the last epoch in view."""

_FACTOR = 2.0
_PAN_SHARE = 0.2
_SHORTEST = 0.02
# While less than this share of the axis is drawn, zooming in shows just what is drawn.
_MOSTLY_DRAWN = 0.75
# A long run's axis has ten epochs while a tenth of it would be empty or nearly so.
_LONG_FACTOR = 10


@dataclass(frozen=True)
class Extent:
    """How far a run has come, and how far it will go, in epochs."""

    now: float = 0.0
    end: float = 1.0

    @property
    def whole(self) -> Span:
        """The first epoch while that is running, so that it fills the chart; then all epochs, which do not move.

        Of a long run ten at first: a tenth of the axis is the least that shows anything.
        """
        running, end = max(math.ceil(self.now - 1e-9), 1), max(self.end, 1.0)
        if running == 1 or running * _LONG_FACTOR >= end:
            return 0.0, 1.0 if running == 1 else max(end, float(running))
        shown = float(_LONG_FACTOR)
        while shown < running:
            shown *= _LONG_FACTOR
        return 0.0, shown


class XView:
    """Follows the end of the curve, unless the user has moved away from it."""

    def __init__(self) -> None:
        self._extent = Extent()
        self._length: float | None = None
        self._right: float | None = None

    @property
    def is_zoomed(self) -> bool:
        """Whether it is another part than by default."""
        return self._length is not None

    def follow(self, extent: Extent) -> None:
        """The run has come this far."""
        self._extent = extent

    def reset(self) -> None:
        """Show the whole run."""
        self._length = self._right = None

    @property
    def span(self) -> Span:
        """What is in view."""
        if self._length is None:
            return self._extent.whole
        right = self._live_end if self._right is None else self._right
        left = max(right - self._length, 0.0)
        return left, right if math.isinf(self._length) else left + self._length

    def zoom_in(self, at: float | None = None) -> None:
        """Half as many epochs: around `at`, or those that end where the curve does; first of all just what is drawn."""
        if at is None and not self.is_zoomed and self._live_end < _MOSTLY_DRAWN * self.span[1]:
            self._length, self._right = math.inf, None
        else:
            self._scale(1 / _FACTOR, at)

    def zoom_out(self, at: float | None = None) -> None:
        """Twice as many epochs, up to the whole run."""
        if self.is_zoomed:
            self._scale(_FACTOR, at)

    def pan(self, direction: int) -> None:
        """Earlier (-1) or later (1), a fifth of what is in view; not beyond the ends."""
        self.shift(direction * _PAN_SHARE * (self.span[1] - self.span[0]))

    def shift(self, epochs: float) -> None:
        """Later by so many epochs; nothing while the whole run is in view."""
        if self.is_zoomed and not math.isinf(self._length or 0.0):
            first, last = self.span
            self._show(first + epochs, last + epochs)

    def _scale(self, factor: float, at: float | None) -> None:
        first, last = self.span
        length = max((last - first) * factor, _SHORTEST)
        if length >= self._extent.whole[1]:
            self.reset()
        elif at is None:
            right = min(last, self._live_end)
            self._show(right - length, right)
        else:
            left = at - (at - first) / (last - first) * length
            self._show(left, left + length)

    def _show(self, first: float, last: float) -> None:
        self._length = length = max(last - first, _SHORTEST)
        right = max(last, length)
        self._right = None if right >= self._live_end - 1e-9 else right

    @property
    def _live_end(self) -> float:
        return max(self._extent.now, _SHORTEST)
