"""A stopwatch stands still while it is stopped, and a throttle lets one of many through."""

from __future__ import annotations

import time

import pytest

from mnist_tui.system.timing import Stopwatch, Throttle


class Clock:
    """Seconds that pass when the test says so."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock)
    return clock


def test_a_stopwatch_stands_still_between_stop_and_start(clock: Clock) -> None:
    watch = Stopwatch(10.0)
    assert (watch.seconds, watch.is_running) == (10.0, False)
    watch.start()
    clock.now += 3
    watch.start()
    clock.now += 1
    assert (watch.seconds, watch.is_running) == (14.0, True)
    watch.stop()
    clock.now += 100
    assert (watch.seconds, watch.is_running) == (14.0, False)
    watch.stop()
    watch.start()
    clock.now += 1
    assert watch.seconds == 15.0


def test_a_throttle_is_due_once_per_interval(clock: Clock) -> None:
    throttle = Throttle(10.0)
    times = []
    for _ in range(50):
        clock.now += 1
        if throttle.is_due():
            times.append(clock.now)
    assert times == [110, 120, 130, 140, 150]


def test_after_a_long_time_it_is_due_once(clock: Clock) -> None:
    throttle = Throttle(10.0)
    clock.now += 95
    assert [throttle.is_due(), throttle.is_due()] == [True, False]


def test_it_can_be_due_at_once(clock: Clock) -> None:
    throttle = Throttle(10.0, at_once=True)
    assert [throttle.is_due(), throttle.is_due()] == [True, False]
