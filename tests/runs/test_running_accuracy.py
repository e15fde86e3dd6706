"""The accuracy in the course of each epoch: kept, thinned out, and taken back by a resume."""

from __future__ import annotations

import pytest

from mnist_tui.runs.running_accuracy import RunningAccuracy


def filled(epochs: int, points: int) -> RunningAccuracy:
    running = RunningAccuracy()
    for epoch in range(1, epochs + 1):
        for step in range(1, points + 1):
            running.add(epoch, step / points, step / points)
    return running


def test_every_epoch_keeps_its_course_to_its_end_in_points_that_can_be_seen() -> None:
    running = filled(3, 10_000)

    assert [epoch for epoch, _ in running] == [1, 2, 3]
    for epoch, course in running:
        assert 30 <= len(course.x) <= 128
        assert epoch - 1 < course.x[0] < course.x[-1]
        assert course.x[-1] > epoch - 0.05
        assert [x - (epoch - 1) for x in course.x] == pytest.approx(list(course.y))


def test_a_resume_takes_back_what_came_after_its_checkpoint() -> None:
    running = filled(3, 20)
    running.take_back(1, 1.5)

    assert [epoch for epoch, _ in running] == [1, 2]
    course = running.get(2)
    assert course is not None
    assert max(course.x) <= 1.5


def test_a_log_that_repeats_steps_counts_each_once() -> None:
    running = filled(1, 20)
    running.add(1, 0.5, 0.7)

    course = running.get(1)
    assert course is not None
    assert list(course.x) == sorted(set(course.x))
    assert course.y[-1] == 0.7
