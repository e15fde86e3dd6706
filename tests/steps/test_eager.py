"""Every backend's gradients against autograd in float64, and its sums against a direct computation."""

from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mnist_tui import models
from mnist_tui.models.reference import Reference
from mnist_tui.steps import choose_step
from tests.engine_fixtures import tiny_config


@pytest.fixture
def batch() -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(0)
    return torch.randn(16, 1, 28, 28, generator=random), torch.randint(0, 10, (16,), generator=random)


def network(name: str) -> nn.Module:
    torch.manual_seed(3)
    return Reference(dropout=0.0) if name == "reference" else models.load_model(name)


@pytest.mark.parametrize("name", ["linear", "reference"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_gradients_are_those_of_autograd_in_float64(
    batch: tuple[Tensor, Tensor], name: str, smoothing: float
) -> None:
    images, labels = batch
    model = network(name).train()
    exact = copy.deepcopy(model).double()
    result = choose_step(tiny_config(label_smoothing=smoothing), model)(images, labels)
    logits = exact(images.double())
    F.cross_entropy(logits, labels, label_smoothing=smoothing, reduction="sum").backward()
    for (where, ours), theirs in zip(model.named_parameters(), exact.parameters(), strict=True):
        assert ours.grad is not None
        assert theirs.grad is not None
        expected = theirs.grad / len(labels)
        assert (ours.grad - expected).norm() <= 1e-4 * expected.norm() + 1e-7, where
    loss_sum = F.cross_entropy(logits, labels, label_smoothing=smoothing, reduction="sum")
    assert result.loss_sum.item() == pytest.approx(loss_sum.item(), rel=1e-5)
    assert result.correct.item() == (logits.argmax(1) == labels).sum().item()
    for (where, ours), theirs in zip(model.named_buffers(), exact.buffers(), strict=True):
        torch.testing.assert_close(ours.double(), theirs.double(), rtol=1e-4, atol=1e-6, msg=where)


def test_a_step_changes_no_parameter_and_keeps_no_old_gradient(batch: tuple[Tensor, Tensor]) -> None:
    model = network("linear")
    before = [parameter.clone() for parameter in model.parameters()]
    step = choose_step(tiny_config(), model)
    step(*batch)
    first = [parameter.grad for parameter in model.parameters()]
    step(*batch)
    second = [parameter.grad for parameter in model.parameters()]
    for old, parameter, one, two in zip(before, model.parameters(), first, second, strict=True):
        assert torch.equal(old, parameter)
        assert one is not None
        assert two is not None
        assert torch.equal(one, two)


def test_a_network_of_log_probabilities_learns_as_one_of_logits(batch: tuple[Tensor, Tensor]) -> None:
    logits = network("linear")
    log_probabilities = nn.Sequential(copy.deepcopy(logits), nn.LogSoftmax(dim=1))
    one = choose_step(tiny_config(), logits)(*batch)
    other = choose_step(tiny_config(), log_probabilities)(*batch)
    torch.testing.assert_close(one.loss_sum, other.loss_sum)
    assert one.correct == other.correct
    for mine, theirs in zip(logits.parameters(), log_probabilities.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, theirs.grad)
