"""Progress of fetching, checking or drawing a dataset, reported about ten times per second."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from mnist_tui.events import DataProgress, Event, Report
from mnist_tui.system.timing import Throttle

INTERVAL = 0.1
"""Seconds between two events: fast enough for an eye, slow enough for a log."""


def ignore_event(event: Event) -> None:
    """A `Report` that does nothing."""


@dataclass
class DatasetProgress:
    """Turns any number of calls into a few `DataProgress` events: at least the first call and the one for `total`."""

    report: Report
    dataset: str
    stage: Literal["fetching", "checking", "drawing"]
    item: str
    unit: Literal["bytes", "images"]
    total: int | None = None
    _throttle: Throttle = field(default_factory=lambda: Throttle(INTERVAL, at_once=True), init=False)

    def __call__(self, done: int) -> None:
        """Report that `done` of `total` units are done, unless an event has just been reported."""
        if not self._throttle.is_due() and done != self.total:
            return
        self.report(
            DataProgress(
                dataset=self.dataset,
                stage=self.stage,
                item=self.item,
                done=done,
                total=self.total,
                unit=self.unit,
            )
        )
