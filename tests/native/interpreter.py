"""A plan carried out in plain torch: what every compiled step is measured against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.testing import assert_close

from mnist_tui.native.plan import BatchNorm, Dropout, NetworkPlan, Stage, TensorNames
from tests.native.chains import Batch

EXACT = {"rtol": 1e-8, "atol": 1e-10}

Tensors = Mapping[str, Tensor]


class Interpretation(NamedTuple):
    """What a plan computes on one batch."""

    logits: Tensor
    """(N, 10)."""
    statistics: dict[str, Tensor]
    """The running statistics after the batch, by name; empty in evaluation."""


def interpret(
    plan: NetworkPlan,
    model: nn.Module,
    images: Tensor,
    *,
    training: bool,
    masks: Mapping[int, Tensor] | None = None,
) -> Interpretation:
    """Carry out `plan` with the tensors of `model`, which stay as they are; give it `model.double()`.

    images: (N, 1, 28, 28) of the dtype of the model. In training, `masks` are the dropouts' factors (0 or
    1 / (1 - probability)) by the stage's index, each of a shape that broadcasts to the stage's result; without
    them they are drawn from torch's generator, as the model would draw them.
    """
    tensors = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    statistics: dict[str, Tensor] = {}
    x = images
    for index, stage in enumerate(plan.stages):
        assert tuple(x.shape[1:]) == stage.input_shape
        x = _before_pool(stage, tensors, x, statistics if training else None)
        assert tuple(x.shape[1:]) == stage.conv_shape
        x = _pooled(stage, x)
        if stage.dropout and training:
            x = _dropped(stage.dropout, x) if masks is None else x * masks[index]
        assert tuple(x.shape[1:]) == stage.output_shape
    return Interpretation(x.flatten(1), statistics)


def gradients(loss: Tensor, model: nn.Module) -> dict[str, Tensor]:
    """d loss / d parameter for each of `model`'s, by name, without touching `.grad`."""
    names, parameters = zip(*model.named_parameters(), strict=True)
    return dict(zip(names, torch.autograd.grad(loss, parameters), strict=True))


def assert_agrees(plan: NetworkPlan, model: nn.Module, batch: Batch, *, training: bool) -> None:
    """`plan` computes what `model` computes on `batch` in float64, which the model is turned into."""
    model.double().train(training)
    images, labels = batch.images(), batch.labels()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(batch.seed)  # for the dropouts of either
        ours, statistics = interpret(plan, model, images, training=training)
        torch.manual_seed(batch.seed)
        theirs = model(images)
    # A network may end in log_softmax, which a plan leaves to the loss.
    assert_close(ours.log_softmax(1), theirs.log_softmax(1), **EXACT)
    wanted = gradients(F.cross_entropy(theirs, labels), model)
    assert_close(gradients(F.cross_entropy(ours, labels), model), wanted, **EXACT)
    assert_close(statistics, {name: buffer for name, buffer in model.named_buffers() if training}, **EXACT)


def _before_pool(stage: Stage, tensors: Tensors, x: Tensor, statistics: dict[str, Tensor] | None) -> Tensor:
    names = stage.tensor_names()
    if stage.conv:
        conv = stage.conv
        weight = tensors[names.weight].view(conv.outputs, conv.inputs, conv.kernel, conv.kernel)
        x = F.conv2d(x, weight, tensors[names.bias] if names.bias else None, padding=conv.padding)
    x = x.relu() if stage.relu else x
    if stage.norm:
        x = _normed(stage.norm, names, tensors, x, statistics)
    return x.relu() if stage.relu_after else x


def _normed(
    norm: BatchNorm, names: TensorNames, tensors: Tensors, x: Tensor, statistics: dict[str, Tensor] | None
) -> Tensor:
    mean, variance = tensors[names.running_mean], tensors[names.running_var]
    if statistics is not None:
        variance, mean = torch.var_mean(x, dim=(0, 2, 3), correction=0)
        count = x.numel() // x.shape[1]
        newest = {names.running_mean: mean, names.running_var: variance * count / (count - 1)}
        for name, value in newest.items():
            statistics[name] = tensors[name] + norm.momentum * (value.detach() - tensors[name])
        statistics[names.num_batches_tracked] = tensors[names.num_batches_tracked] + 1
    x = (x - _per_channel(mean)) / _per_channel((variance + norm.epsilon).sqrt())
    if not norm.affine:
        return x
    return x * _per_channel(tensors[names.norm_weight]) + _per_channel(tensors[names.norm_bias])


def _per_channel(values: Tensor) -> Tensor:
    return values[:, None, None]


def _pooled(stage: Stage, x: Tensor) -> Tensor:
    if stage.pool is None:
        return x
    pool = F.max_pool2d if stage.pool.kind == "max" else F.avg_pool2d
    return pool(x, stage.pool.size, stage.pool.stride)


def _dropped(drop: Dropout, x: Tensor) -> Tensor:
    dropout = F.dropout2d if drop.whole_channels else F.dropout
    return dropout(x, drop.probability)
