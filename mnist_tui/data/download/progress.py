"""How far a dataset is on its way, said about ten times a second."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from mnist_tui.events import DataProgress, Event, Report

INTERVAL = 0.1
"""Seconds between two events: what an eye can follow and a log can bear."""


def ignore_event(event: Event) -> None:
    """A `Report` for whoever does not want to hear."""


@dataclass
class DatasetProgress:
    """Turns `meter(done)`, called as often as one likes, into a bearable number of `DataProgress` events.

    The first call and the one that reaches `total` are always reported.
    """

    report: Report
    dataset: str
    stage: Literal["fetching", "checking", "drawing"]
    item: str
    unit: Literal["bytes", "images"]
    total: int | None = None
    clock: Callable[[], float] = time.monotonic
    _due: float = field(default=float("-inf"), init=False)

    def __call__(self, done: int) -> None:
        """`done` of `total` units are there."""
        now = self.clock()
        if now < self._due and done != self.total:
            return
        self._due = now + INTERVAL
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
