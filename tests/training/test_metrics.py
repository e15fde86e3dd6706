"""Clocks and sums of the running epoch, with a clock that the test turns."""

from __future__ import annotations

import time

import pytest
import torch

from mnist_tui.training.backends.base import StepResult
from mnist_tui.training.metrics import EpochMetrics

CPU = torch.device("cpu")


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock)
    return clock


def result(loss_sum: float, correct: int) -> StepResult:
    return StepResult(torch.tensor(loss_sum), torch.tensor(correct))


def test_metrics_weigh_batches_by_their_images(clock: Clock) -> None:
    meter = EpochMetrics(CPU)
    assert (meter.loss, meter.accuracy, meter.take_batch_losses()) == (0.0, 0.0, ())
    meter.watch.start()
    meter.add(result(20.0, 5), 10)
    meter.add(result(1.0, 1), 2)
    clock.now += 4
    assert meter.loss == pytest.approx(21 / 12)
    assert meter.accuracy == pytest.approx(6 / 12)
    assert meter.images_per_second == pytest.approx(3.0)
    assert meter.take_batch_losses() == (2.0, 0.5)
    assert meter.take_batch_losses() == ()


def test_restored_metrics_continue_with_a_speed_of_their_own(clock: Clock) -> None:
    meter, other = EpochMetrics(CPU), EpochMetrics(CPU)
    meter.add(result(20.0, 5), 10)
    other.load_state(meter.state())
    other.watch.start()
    other.add(result(4.0, 3), 10)
    clock.now += 2
    assert other.loss == pytest.approx(24 / 20)
    assert other.accuracy == pytest.approx(8 / 20)
    assert other.images_per_second == pytest.approx(5.0)
    assert meter.loss == 2.0


def test_sums_over_many_images_stay_exact() -> None:
    meter = EpochMetrics(CPU)
    for _ in range(1000):
        meter.add(result(0.1, 1), 1)
    assert meter.loss == pytest.approx(torch.tensor(0.1).item(), rel=1e-12)
