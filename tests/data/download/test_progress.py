"""A meter tells enough to watch and not so much that it gets in the way."""

from __future__ import annotations

from mnist_tui.data.download.progress import DatasetProgress
from mnist_tui.events import DataProgress, Event


def test_it_speaks_ten_times_a_second_and_always_at_both_ends() -> None:
    heard: list[Event] = []
    now = 0.0
    meter = DatasetProgress(heard.append, "mnist", "fetching", "x.gz", "bytes", 1000, clock=lambda: now)
    for done in range(1001):  # a thousand steps of a millisecond
        meter(done)
        now += 0.001
    told = [event.done for event in heard if isinstance(event, DataProgress)]
    assert (told[0], told[-1]) == (0, 1000)
    assert 10 <= len(told) <= 12
