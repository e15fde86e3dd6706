"""Learning rate and momentum against PyTorch's own scheduler; weight averaging against a hand computation."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.optim.lr_scheduler import OneCycleLR

from mnist_tui.training import checkpoint, ema, lr_schedule
from tests.engine_fixtures import tiny_config


def torch_schedule(warmup: float, steps: int) -> list[tuple[float, float]]:
    """(rate, momentum) of every step, from torch."""
    optimizer = torch.optim.Adam([nn.Parameter(torch.zeros(1))], lr=1)
    scheduler = OneCycleLR(optimizer, 0.01, total_steps=steps, pct_start=warmup)
    values = []
    for step in range(steps):
        group = optimizer.param_groups[0]
        values.append((group["lr"], group["betas"][0]))
        optimizer.step()
        if step < steps - 1:
            scheduler.step()
    return values


@pytest.mark.parametrize("warmup", [0.0, 0.05, 0.3, 0.5, 0.999, 1.0])
@pytest.mark.parametrize("steps", [3, 4, 7, 15, 100, 1001])
def test_every_step_has_the_rate_and_momentum_of_one_cycle_lr(warmup: float, steps: int) -> None:
    config = tiny_config(warmup=warmup)
    ours = [
        (lr_schedule.learning_rate(config, step, steps), lr_schedule.momentum(config, step, steps))
        for step in range(steps)
    ]
    theirs = torch_schedule(warmup, steps)
    assert [rate for rate, _ in ours] == pytest.approx([rate for rate, _ in theirs], rel=1e-9, abs=1e-12)
    assert [beta for _, beta in ours] == pytest.approx([beta for _, beta in theirs], rel=1e-9)


def test_a_single_step_is_where_one_cycle_lr_ends() -> None:
    config = tiny_config()
    assert lr_schedule.learning_rate(config, 0, 1) == pytest.approx(torch_schedule(0.3, 1)[0][0])


def test_a_single_step_of_warmup_alone_is_at_the_peak() -> None:
    assert lr_schedule.learning_rate(tiny_config(warmup=1.0), 0, 1) == 0.01


@pytest.mark.parametrize("warmup", [0.0, 0.3, 1.0])
def test_a_step_past_the_schedule_has_a_rate_of_the_schedules_own(warmup: float) -> None:
    config = tiny_config(warmup=warmup)
    beyond = {lr_schedule.learning_rate(config, step, 10) for step in (10, 11, 1000)}
    start, last = config.lr / config.start_divisor, lr_schedule.learning_rate(config, 9, 10)
    assert len(beyond) == 1
    assert min(start, last) <= beyond.pop() <= max(start, last)


def test_a_constant_schedule_is_constant() -> None:
    config = tiny_config(schedule="constant", lr=0.3, momentum=0.8)
    assert {lr_schedule.learning_rate(config, step, 10) for step in range(12)} == {0.3}
    assert {lr_schedule.momentum(config, step, 10) for step in range(12)} == {0.8}


def test_averaged_weights_follow_as_computed_by_hand() -> None:
    model = nn.BatchNorm1d(1)
    average = ema.make_ema(tiny_config(ema=0.9), model)
    assert average is not None
    by_hand = None
    for step in range(5):
        with torch.no_grad():
            model.weight.fill_(float(step))
            model.running_mean.fill_(10.0 * step)  # type: ignore[union-attr]
        average.update_parameters(model)
        by_hand = float(step) if by_hand is None else 0.9 * by_hand + 0.1 * step
    assert average.module.weight.item() == pytest.approx(by_hand)
    assert average.module.running_mean.item() == pytest.approx(10 * by_hand)


def test_nothing_is_averaged_unless_asked() -> None:
    assert ema.make_ema(tiny_config(), nn.Linear(2, 2)) is None


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_one_bad_weight_is_noticed(value: float) -> None:
    model = nn.Linear(3, 3)
    assert checkpoint.is_finite(model)
    with torch.no_grad():
        model.weight[1, 2] = value
    assert not checkpoint.is_finite(model)
