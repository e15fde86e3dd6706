"""The learning-rate schedule: learning rate and momentum as pure functions of the step."""

from __future__ import annotations

import math

from mnist_tui.config import TrainConfig


def learning_rate(config: TrainConfig, step: int, steps: int) -> float:
    """The learning rate of step `step` (from 0) of `steps`: as PyTorch's OneCycleLR with cosines, or constant.

    Steps after the schedule's end have the rate it started from, as the rate it ends with is too small to learn more.
    """
    if config.schedule == "constant":
        return config.lr
    start = config.lr / config.start_divisor
    if step >= steps:
        return start
    return _one_cycle(config, step, steps, start, config.lr, start / config.end_divisor)


def momentum(config: TrainConfig, step: int, steps: int) -> float:
    """The momentum of step `step`: it falls while the learning rate rises, and vice versa."""
    if config.schedule == "constant" or step >= steps:
        return config.momentum
    return _one_cycle(config, step, steps, config.momentum, config.peak_momentum, config.momentum)


def _one_cycle(config: TrainConfig, step: int, steps: int, start: float, peak: float, end: float) -> float:
    # Both ends are counted in steps from 0, as torch.optim.lr_scheduler.OneCycleLR counts them.
    top, last = config.warmup * steps - 1, steps - 1
    if step <= top:
        return _cosine(start, peak, step / top if top else 1.0)
    return _cosine(peak, end, (step - top) / (last - top))


def _cosine(start: float, end: float, fraction: float) -> float:
    return end + (start - end) / 2 * (1 + math.cos(math.pi * fraction))
