"""The accuracy on the training images in the course of each epoch, in as many points as can be seen."""

from __future__ import annotations

import bisect
import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

# Of the epoch that is running; once it is over, about half of them are kept.
_MOST_POINTS = 128
# The accuracy over the first images of an epoch says nothing.
_SETTLED = 0.02


@dataclass
class AccuracyCourse:
    """One epoch: `x` in epochs of the run, so from 3 to 4 in the fourth; `y` over all images since the epoch began."""

    x: array[float] = field(default_factory=lambda: array("d"))
    y: array[float] = field(default_factory=lambda: array("d"))

    def add(self, x: float, y: float) -> None:
        """Continue it; where there are too many points, every other one goes."""
        self.x.append(x)
        self.y.append(y)
        if len(self.x) > _MOST_POINTS:
            self.thin_out()

    def thin_out(self) -> None:
        """Keep every other point, and the last."""
        first = (len(self.x) - 1) % 2
        self.x, self.y = self.x[first::2], self.y[first::2]

    def cut(self, end: float) -> None:
        """Forget what came after this point of the run."""
        kept = bisect.bisect_right(self.x, end + 1e-9)
        del self.x[kept:], self.y[kept:]


class RunningAccuracy:
    """The courses of all epochs, by epoch."""

    def __init__(self) -> None:
        self._courses: dict[int, AccuracyCourse] = {}

    def __iter__(self) -> Iterator[tuple[int, AccuracyCourse]]:
        yield from sorted(self._courses.items())

    def __len__(self) -> int:
        return len(self._courses)

    def get(self, epoch: int) -> AccuracyCourse | None:
        """The course of this epoch; None where nothing is known of it."""
        return self._courses.get(epoch)

    def add(self, epoch: int, share: float, accuracy: float) -> None:
        """The epoch has come so far, with this accuracy as a fraction."""
        x = epoch - 1 + share
        if share < _SETTLED or not math.isfinite(accuracy):
            return
        course = self._courses.get(epoch)
        if course is None:
            if epoch - 1 in self._courses:
                self._courses[epoch - 1].thin_out()
            course = self._courses[epoch] = AccuracyCourse()
        elif course.x and x <= course.x[-1]:
            course.cut(x - 1e-6)  # a log repeats what the checkpoint did not have yet
        course.add(x, accuracy)

    def take_back(self, epochs: int, position: float | None) -> None:
        """Forget what came after the checkpoint: after so many finished epochs and, where it is known, this point."""
        end = float(epochs) if position is None else position
        self._courses = {epoch: course for epoch, course in self._courses.items() if epoch - 1 < end}
        for course in self._courses.values():
            course.cut(end)
