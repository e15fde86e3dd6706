"""One whole step: its gradients against autograd in float64, its sums, and its update against torch's optimizer."""

from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mnist_tui import models
from mnist_tui.config import TrainConfig
from mnist_tui.data.augmentation import apply_maps, draw_random_maps, make_network_input
from mnist_tui.data.loader import Batch
from mnist_tui.models.reference import Reference
from mnist_tui.training.backends.base import StepSettings
from mnist_tui.training.backends.eager import EagerBackend
from mnist_tui.training.optimizer import Optimizer
from mnist_tui.training.train_state import TrainState
from tests.engine_fixtures import tiny_config

SETTINGS = StepSettings(0, 0.01, 0.9)


@pytest.fixture
def batch() -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(0)
    return torch.randn(16, 1, 28, 28, generator=random), torch.randint(0, 10, (16,), generator=random)


def network(name: str) -> nn.Module:
    torch.manual_seed(3)
    return Reference(dropout=0.0) if name == "reference" else models.load_model(name)


def eager(model: nn.Module, config: TrainConfig | None = None) -> EagerBackend:
    config = config or tiny_config()
    backend = EagerBackend(config, TrainState(config, model))
    backend.begin()
    return backend


@pytest.mark.parametrize("name", ["linear", "reference"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_gradients_are_those_of_autograd_in_float64(batch: tuple[Tensor, Tensor], name: str, smoothing: float) -> None:
    images, labels = batch
    model = network(name)
    exact = copy.deepcopy(model).double().train()
    result = eager(model, tiny_config(label_smoothing=smoothing)).step(Batch(images, labels), SETTINGS)
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


def test_a_step_keeps_no_old_gradient(batch: tuple[Tensor, Tensor]) -> None:
    """With a learning rate of 0 the second step has the first one's gradients."""
    backend = eager(network("linear"))
    before = [parameter.clone() for parameter in backend.train_state.model.parameters()]
    backend.step(Batch(*batch), StepSettings(0, 0.0, 0.9))
    first = [parameter.grad for parameter in backend.train_state.model.parameters()]
    backend.step(Batch(*batch), StepSettings(1, 0.0, 0.9))
    for old, parameter, one in zip(before, backend.train_state.model.parameters(), first, strict=True):
        assert torch.equal(old, parameter)
        assert one is not None
        assert parameter.grad is not None
        assert torch.equal(one, parameter.grad)


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd"])
def test_every_step_takes_its_own_rate_and_momentum(batch: tuple[Tensor, Tensor], name: str) -> None:
    config = tiny_config(optimizer=name, weight_decay=0.01, ema=0.8)
    ours, theirs = network("linear"), network("linear")
    backend, optimizer = eager(ours, config), Optimizer(config, theirs)
    average = [parameter.detach().clone() for parameter in theirs.parameters()]
    for number, (rate, momentum) in enumerate([(0.1, 0.9), (0.2, 0.5), (0.05, 0.8)]):
        backend.step(Batch(*batch), StepSettings(number, rate, momentum))
        theirs.zero_grad()
        F.cross_entropy(theirs(batch[0]), batch[1]).backward()
        optimizer.step(rate, momentum)
        for mean, parameter in zip(average, theirs.parameters(), strict=True):
            mean.lerp_(parameter.detach(), 0.2 if number else 1.0)
    tested = backend.train_state.eval_model
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(mine, other)
    for mine, mean in zip(tested.parameters(), average, strict=True):
        torch.testing.assert_close(mine.detach(), mean)


def test_logits_are_of_the_averaged_weights_in_evaluation_mode(batch: tuple[Tensor, Tensor]) -> None:
    backend = eager(Reference(dropout=0.5), tiny_config(ema=0.5))
    for number in range(2):
        backend.step(Batch(*batch), StepSettings(number, 0.1, 0.9))
    logits = backend.logits(batch[0])
    assert not logits.requires_grad
    assert torch.equal(logits, backend.train_state.eval_model.eval()(batch[0]))
    assert not torch.equal(logits, copy.deepcopy(backend.train_state.model).eval()(batch[0]))


def test_steps_train_again_after_logits(batch: tuple[Tensor, Tensor]) -> None:
    backend = eager(Reference(dropout=0.0))
    backend.logits(batch[0])
    backend.begin()
    mean = backend.train_state.model.get_buffer("block1.norm1.running_mean").clone()
    backend.step(Batch(*batch), SETTINGS)
    assert not torch.equal(mean, backend.train_state.model.get_buffer("block1.norm1.running_mean"))


@pytest.mark.parametrize("rotation", [0.0, 30.0])
def test_images_are_augmented_by_the_maps_alone(rotation: float) -> None:
    config = tiny_config(rotation=rotation)
    random = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (5, 1, 28, 28), dtype=torch.uint8, generator=random)
    maps = draw_random_maps(5, 28, config, random)
    seen = eager(network("linear"), config).augment(images, maps)
    assert torch.equal(seen, apply_maps(images, maps, config))
    assert torch.equal(seen, make_network_input(images, config)) == (maps is None)


def test_a_network_of_log_probabilities_learns_as_one_of_logits(batch: tuple[Tensor, Tensor]) -> None:
    logits = network("linear")
    log_probabilities = nn.Sequential(copy.deepcopy(logits), nn.LogSoftmax(dim=1))
    one, other = (
        eager(logits).step(Batch(*batch), SETTINGS),
        eager(log_probabilities).step(Batch(*batch), SETTINGS),
    )
    torch.testing.assert_close(one.loss_sum, other.loss_sum)
    assert one.correct == other.correct
    for mine, theirs in zip(logits.parameters(), log_probabilities.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, theirs.grad)
