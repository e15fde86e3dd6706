"""The exponential moving average (EMA) of a model's weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from mnist_tui.config import TrainConfig
from mnist_tui.inspection.clone import clone_model


def make_ema(config: TrainConfig, model: nn.Module) -> AveragedModel | None:
    """A copy of the model that follows it as an exponential moving average; None if the config has no EMA.

    BatchNorm's statistics are averaged with the weights, so that the two fit each other.
    """
    if not config.ema:
        return None
    average = AveragedModel(nn.Identity(), multi_avg_fn=get_ema_multi_avg_fn(config.ema), use_buffers=True)
    average.module = clone_model(model)  # AveragedModel's own deep copy would fail at a lock or an open file
    return average


def update_ema(average: AveragedModel, model: nn.Module, decay: float) -> None:
    """Move the averages towards the model, as `average.update_parameters` does from its second call on.

    It never waits for the device, and does not change the count of updates.
    """
    pairs: dict[torch.dtype, tuple[list[Tensor], list[Tensor]]] = {}
    averaged = average.module
    tensors = (*averaged.parameters(), *averaged.buffers()), (*model.parameters(), *model.buffers())
    for mean, value in zip(*tensors, strict=True):
        means, values = pairs.setdefault(mean.dtype, ([], []))
        means.append(mean.detach())
        values.append(value.detach())
    move = get_ema_multi_avg_fn(decay)
    for means, values in pairs.values():
        move(means, values, average.n_averaged)
