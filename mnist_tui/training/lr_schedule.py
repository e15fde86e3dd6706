"""Learning rate and momentum as pure functions of the step, and weight averaging."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from mnist_tui.config import TrainConfig
from mnist_tui.inspection.clone import clone_model


def learning_rate(config: TrainConfig, step: int, steps: int) -> float:
    """The rate of step `step` (from 0) of `steps`: PyTorch's OneCycleLR with cosines, or constant.

    Steps past the schedule take the rate it started from: its last one is too small to learn anything more.
    """
    if config.schedule == "constant":
        return config.lr
    start = config.lr / config.start_divisor
    if step >= steps:
        return start
    return _one_cycle(config, step, steps, start, config.lr, start / config.end_divisor)


def momentum(config: TrainConfig, step: int, steps: int) -> float:
    """The momentum of step `step`: it falls while the rate rises, and the other way round."""
    if config.schedule == "constant" or step >= steps:
        return config.momentum
    return _one_cycle(config, step, steps, config.momentum, config.peak_momentum, config.momentum)


def schedule(config: TrainConfig, step: int, steps: int) -> tuple[float, float]:
    """Learning rate and momentum of step `step` (from 0) of `steps`."""
    return learning_rate(config, step, steps), momentum(config, step, steps)


def make_ema(config: TrainConfig, model: nn.Module) -> AveragedModel | None:
    """A copy of the model that follows it as an exponential moving average, where the config asks for one.

    BatchNorm statistics are averaged with the weights, so that the two fit each other.
    """
    if not config.ema:
        return None
    average = AveragedModel(nn.Identity(), multi_avg_fn=get_ema_multi_avg_fn(config.ema), use_buffers=True)
    average.module = clone_model(model)  # where AveragedModel's own copy would fail at a lock or an open file
    return average


def update_ema(average: AveragedModel, model: nn.Module, decay: float) -> None:
    """Move the averages towards the model, as `average.update_parameters` does from its second call on.

    Nothing here waits for the device, and nothing is counted.
    """
    pairs: dict[torch.dtype, tuple[list[Tensor], list[Tensor]]] = {}
    for mean, now in zip(_tensors(average.module), _tensors(model), strict=True):
        means, current = pairs.setdefault(mean.dtype, ([], []))
        means.append(mean.detach())
        current.append(now.detach())
    move = get_ema_multi_avg_fn(decay)
    for means, current in pairs.values():
        move(means, current, average.n_averaged)


def _tensors(model: nn.Module) -> Iterator[Tensor]:
    yield from model.parameters()
    yield from model.buffers()


def _one_cycle(config: TrainConfig, step: int, steps: int, start: float, peak: float, end: float) -> float:
    # Both ends are counted in steps from 0, as torch.optim.lr_scheduler.OneCycleLR counts them.
    top, last = config.warmup * steps - 1, steps - 1
    if step <= top:
        return _cosine(start, peak, step / top if top else 1.0)
    return _cosine(peak, end, (step - top) / (last - top))


def _cosine(start: float, end: float, fraction: float) -> float:
    return end + (start - end) / 2 * (1 + math.cos(math.pi * fraction))


def is_finite(model: nn.Module) -> bool:
    """Whether every parameter is finite."""
    return all(bool(torch.isfinite(parameter).all()) for parameter in model.parameters())


def freeze(model: nn.Module) -> nn.Module:
    """`model` itself, to be used and not trained. Networks compiled to TorchScript have no `requires_grad_`."""
    for parameter in model.eval().parameters():
        parameter.requires_grad_(False)
    return model
