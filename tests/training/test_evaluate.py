"""Scores against a direct computation."""

from __future__ import annotations

from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from mnist_tui.data.augmentation import make_network_input
from mnist_tui.training import evaluate as scorer
from mnist_tui.training.evaluate import Score, Scorer, compute_logits, evaluate
from tests.engine_fixtures import tiny_config, tiny_dataset

CONFIG = tiny_config(rotation=7.0)
TEST = tiny_dataset().test


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 3, 5, stride=5), nn.BatchNorm2d(3), nn.Dropout(0.5), nn.Flatten(), nn.Linear(75, 10)
    )


def score(model: nn.Module) -> Score:
    return evaluate(partial(compute_logits, model), TEST.images, TEST.labels, CONFIG)


@pytest.mark.parametrize("batch", [1, 7, 59, 60, 61, 500])
def test_a_score_is_the_mean_over_all_images_whatever_the_batches(monkeypatch: pytest.MonkeyPatch, batch: int) -> None:
    monkeypatch.setattr(scorer, "BATCH", batch)
    model = network()
    ours = score(model)
    with torch.no_grad():
        logits = model.eval()(make_network_input(TEST.images, CONFIG)).double()
    # A batch of another size may be added up in another order, by which a sum of 100 products of order 1 changes by
    # about √100 · 2^-24, or 6e-7, and the mean over the images by less.
    assert ours.loss == pytest.approx(F.cross_entropy(logits, TEST.labels).item(), abs=2e-6)
    assert ours.accuracy == (logits.argmax(1) == TEST.labels).double().mean().item()


def test_scoring_changes_nothing_and_draws_no_random_numbers() -> None:
    model = network().train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    random = torch.get_rng_state()
    one = score(model)
    assert score(model) == one
    assert torch.equal(torch.get_rng_state(), random)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not model.training


def test_scoring_reports_its_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scorer, "BATCH", 25)
    assert list(Scorer(partial(compute_logits, network()), TEST.images, TEST.labels, CONFIG)) == [25, 50, 60]
