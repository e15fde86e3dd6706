"""Targets in the labels' place, and what each image counts: each backend learns the very mixture it is given."""

from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from mnist_tui import models
from mnist_tui.config import TrainConfig
from mnist_tui.data.loader import Batch
from mnist_tui.training.backends.base import Backend, StepSettings
from mnist_tui.training.backends.choose import choose_backend
from mnist_tui.training.train_state import TrainState
from tests.engine_fixtures import compile_quickly, tiny_config
from tests.native.toolchain import needs_compiler

SETTINGS = StepSettings(0, 0.01, 0.9)
ROUNDING = 1e-5
"""Relative to float64: 784 products of order 1 in float32 are off by √784 · 2^-24, or 2e-6, in whatever order."""


def batch(count: int = 12) -> tuple[Tensor, Tensor, Tensor]:
    random = torch.Generator().manual_seed(0)
    targets = torch.rand(count, 10, generator=random)
    return (
        torch.randn(count, 1, 28, 28, generator=random),
        torch.randint(0, 10, (count,), generator=random),
        targets / targets.sum(1, keepdim=True),
    )


@pytest.fixture(params=["eager", pytest.param("native", marks=needs_compiler)])
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    compile_quickly(monkeypatch)
    return str(request.param)


def ready(config: TrainConfig) -> Backend:
    torch.manual_seed(3)
    train_state = TrainState(config, models.load_model("linear"))
    made = choose_backend(
        config, train_state, torch.device("cpu"), report=lambda _event: None, should_stop=lambda: False
    )
    made.begin()
    return made


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_gradients_and_loss_are_those_of_the_targets_in_float64(backend: str, smoothing: float) -> None:
    images, labels, targets = batch()
    made = ready(tiny_config(backend=backend, label_smoothing=smoothing))
    model = made.train_state.model
    exact = copy.deepcopy(model).double().train()
    result = made.step(Batch(images, labels), SETTINGS, targets)
    logits = exact(images.double())
    loss = F.cross_entropy(logits, targets.double(), label_smoothing=smoothing)
    loss.backward()
    assert result.loss_sum.item() == pytest.approx(loss.item() * len(labels), rel=ROUNDING)
    assert result.correct.item() == (logits.argmax(1) == labels).sum().item()
    for ours, theirs in zip(model.parameters(), exact.parameters(), strict=True):
        assert ours.grad is not None
        assert theirs.grad is not None
        assert (ours.grad - theirs.grad).norm() <= ROUNDING * theirs.grad.norm()


def test_targets_that_are_certain_teach_what_labels_do(backend: str) -> None:
    images, labels, _ = batch()
    config = tiny_config(backend=backend, label_smoothing=0.1)
    by_labels, by_targets = ready(config), ready(config)
    by_labels.step(Batch(images, labels), SETTINGS)
    by_targets.step(Batch(images, labels), SETTINGS, F.one_hot(labels, 10).float())
    for one, other in zip(
        by_labels.train_state.model.parameters(), by_targets.train_state.model.parameters(), strict=True
    ):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-7)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("by_targets", [False, True])
def test_an_image_counts_as_its_weight_says(backend: str, smoothing: float, by_targets: bool) -> None:
    images, labels, targets = batch()
    weights = torch.linspace(0.0, 3.0, len(labels))
    made = ready(tiny_config(backend=backend, label_smoothing=smoothing))
    model = made.train_state.model
    exact = copy.deepcopy(model).double().train()
    result = made.step(Batch(images, labels, weights), SETTINGS, targets if by_targets else None)
    logits = exact(images.double())
    wanted = targets.double() if by_targets else labels
    each = F.cross_entropy(logits, wanted, label_smoothing=smoothing, reduction="none")
    loss = (each * weights).mean()
    loss.backward()
    assert result.loss_sum.item() == pytest.approx(loss.item() * len(labels), rel=ROUNDING)
    for ours, theirs in zip(model.parameters(), exact.parameters(), strict=True):
        assert ours.grad is not None
        assert theirs.grad is not None
        assert (ours.grad - theirs.grad).norm() <= ROUNDING * theirs.grad.norm()
    own = F.cross_entropy(logits, labels, reduction="none")
    assert result.losses is not None
    torch.testing.assert_close(result.losses.double(), own.detach(), rtol=ROUNDING, atol=ROUNDING)


def test_a_weight_of_one_changes_no_bit(backend: str) -> None:
    images, labels, _ = batch(16)
    alone, weighted = (ready(tiny_config(backend=backend)) for _ in range(2))
    alone.step(Batch(images, labels), SETTINGS)
    weighted.step(Batch(images, labels, torch.ones(len(labels))), SETTINGS)
    for one, other in zip(alone.train_state.model.parameters(), weighted.train_state.model.parameters(), strict=True):
        assert torch.equal(one, other)
