"""Progress is reported often enough to watch, and not so often that it slows the work down."""

from __future__ import annotations

import time

import pytest

from mnist_tui.data.download.progress import DatasetProgress
from mnist_tui.events import DataProgress, Event


def test_it_reports_ten_times_per_second_and_always_at_both_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[Event] = []
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    meter = DatasetProgress(events.append, "mnist", "fetching", "x.gz", "bytes", 1000)
    for done in range(1001):  # a thousand steps of a millisecond
        meter(done)
        now += 0.001
    reported = [event.done for event in events if isinstance(event, DataProgress)]
    assert (reported[0], reported[-1]) == (0, 1000)
    assert 10 <= len(reported) <= 12
