"""The optimizers against torch's own classes, and what they remember."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from torch import nn

from mnist_tui.training.optimizer import Optimizer
from tests.engine_fixtures import tiny_config


@pytest.mark.parametrize(
    ("name", "kind"), [("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW), ("sgd", torch.optim.SGD)]
)
def test_each_optimizer_steps_as_torchs_own_unfused_one(name: str, kind: type) -> None:
    config = tiny_config(optimizer=name, schedule="constant", lr=0.1, weight_decay=0.01, momentum=0.9)
    ours, theirs = nn.Linear(5, 3), nn.Linear(5, 3)
    theirs.load_state_dict(ours.state_dict())
    own = {"momentum": 0.9, "nesterov": True} if name == "sgd" else {"betas": (0.9, 0.999)}
    plain = kind(theirs.parameters(), lr=0.1, weight_decay=0.01, foreach=False, **own)
    optimizer = Optimizer(config, ours)
    for step in range(5):
        for model in (ours, theirs):
            model.zero_grad()
            model(torch.full((2, 5), float(step))).square().sum().backward()
        rate = 0.1 / (step + 1)
        plain.param_groups[0]["lr"] = rate
        optimizer.step(rate, 0.9)
        plain.step()
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine, other)


def test_frozen_parameters_are_left_to_themselves() -> None:
    model = nn.Linear(2, 2)
    model.bias.requires_grad_(False)
    assert [id(parameter) for parameter in Optimizer(tiny_config(), model).parameters] == [id(model.weight)]


def stepped(optimizer: Optimizer, model: nn.Linear, times: int) -> None:
    for _ in range(times):
        model.zero_grad()
        model(torch.ones(2, 5)).square().sum().backward()
        optimizer.step(0.1, 0.9)


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd"])
def test_a_loaded_state_continues_to_the_same_weights_in_the_same_tensors(name: str) -> None:
    config = tiny_config(optimizer=name)
    ours, theirs = nn.Linear(5, 3), nn.Linear(5, 3)
    first = Optimizer(config, ours)
    stepped(first, ours, 3)
    second = Optimizer(config, theirs)
    before = [id(tensor) for tensors in second.memory.values() for tensor in tensors]
    theirs.load_state_dict(ours.state_dict())
    second.load_state_dict(first.state_dict())
    assert [id(tensor) for tensors in second.memory.values() for tensor in tensors] == before
    stepped(first, ours, 2)
    stepped(second, theirs, 2)
    assert torch.equal(ours.weight, theirs.weight)


def test_the_state_of_another_optimizer_is_refused() -> None:
    adam = Optimizer(tiny_config(), nn.Linear(5, 3))
    for other in (
        Optimizer(tiny_config(optimizer="sgd"), nn.Linear(5, 3)),
        Optimizer(tiny_config(), nn.Linear(5, 3, bias=False)),
        Optimizer(tiny_config(), nn.Linear(5, 4)),
    ):
        with pytest.raises((KeyError, ValueError, RuntimeError)):
            adam.load_state_dict(other.state_dict())


def test_sgd_without_momentum_keeps_nothing() -> None:
    model = nn.Linear(5, 3)
    optimizer = Optimizer(tiny_config(optimizer="sgd", momentum=0.0), model)
    before = model.weight.detach().clone()
    stepped(optimizer, model, 1)
    assert optimizer.memory == {}
    assert model.weight.grad is not None
    torch.testing.assert_close(model.weight.detach(), before - 0.1 * model.weight.grad)


def test_a_parameter_without_a_gradient_stays_as_it_is() -> None:
    model = nn.Linear(5, 3)
    optimizer = Optimizer(tiny_config(weight_decay=0.1), model)
    model.weight.grad = torch.ones_like(model.weight)
    bias = model.bias.detach().clone()
    optimizer.step(0.1, 0.9)
    assert torch.equal(model.bias, bias)
    assert [count.item() for count in optimizer.steps] == [1.0, 0.0]


def test_torchs_compiler_is_not_imported() -> None:
    code = """
import sys
from torch import nn
from mnist_tui.config import TrainConfig
from mnist_tui.training.train_state import TrainState
model = nn.Linear(5, 3)
train_state = TrainState(TrainConfig(ema=0.9), model)
for parameter in model.parameters():
    parameter.grad = parameter.detach().clone()
train_state.optimizer.step(0.1, 0.9)
sys.exit("torch._dynamo" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
