"""Importance sampling: what is known badly is shown more often, and counts the less for it."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from mnist_tui.data.augmentation import apply_maps
from mnist_tui.data.importance_sampling import ImportanceSampler
from mnist_tui.data.loader import Batch, DeviceData
from tests.data.test_loader import COUNT, resident

HARD = 10
"""So many images are never learnt; the others are known at once."""


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def learnt(share: float, epochs: int = 6, count: int = 1000) -> ImportanceSampler:
    """After epochs in which the first images lost much and the others nothing."""
    focus = ImportanceSampler(count, share, torch.device("cpu"))
    for epoch in range(epochs):
        members = torch.randperm(count) if epoch == 0 else focus.draw(generator(epoch))[0]
        for first in range(0, count, 300):
            some = members[first : first + 300]
            focus.record_losses(first, torch.where(some < HARD, 5.0, 0.0))
        focus.finish_epoch(members)
    return focus


def test_before_anything_is_known_all_images_are_alike() -> None:
    members, weights = ImportanceSampler(1000, 0.5, torch.device("cpu")).draw(generator())
    assert torch.equal(weights, torch.ones(1000))
    assert 0.6 < len(members.unique()) / 1000 < 0.66  # 1 - 1/e


def test_what_is_known_badly_is_shown_more_often() -> None:
    members, _ = learnt(0.5).draw(generator())
    hard = (members < HARD).sum().item()
    assert 40 < hard < 200  # alike they would be shown ten times


@given(st.floats(0.01, 0.95), st.integers(0, 1000))
def test_nothing_is_left_out_for_ever_and_no_image_counts_without_bound(share: float, seed: int) -> None:
    _, weights = learnt(share, epochs=2, count=200).draw(generator(seed))
    assert weights.min() > 0
    assert weights.max() <= 1 / (1 - share) * (1 + 1e-6)


def test_on_average_what_is_shown_weighs_what_all_images_do() -> None:
    focus, values = learnt(0.5), torch.arange(1000.0).sqrt()
    means = []
    for seed in range(300):
        members, weights = focus.draw(generator(seed))
        means.append((values[members] * weights).mean())
    spread = torch.stack(means).std() / 300**0.5
    assert abs(torch.stack(means).mean() - values.mean()) < 4 * spread
    # A control: without the weights it would be another mean.
    unweighted = torch.stack([values[focus.draw(generator(seed))[0]].mean() for seed in range(300)])
    assert abs(unweighted.mean() - values.mean()) > 20 * spread


def test_an_image_that_is_known_by_now_is_forgotten_again() -> None:
    focus = learnt(0.5)
    for epoch in range(12):
        members, _ = focus.draw(generator(100 + epoch))
        focus.record_losses(0, torch.zeros(1000))
        focus.finish_epoch(members)
    members, _ = focus.draw(generator())
    assert (members < HARD).sum().item() < 100


def test_where_nothing_is_left_to_learn_all_images_are_alike_again() -> None:
    focus = ImportanceSampler(100, 0.5, torch.device("cpu"))
    focus.load_state({"scores": torch.zeros(100, dtype=torch.float64), "losses": torch.zeros(100)})
    assert torch.equal(focus.draw(generator())[1], torch.ones(100))


def test_a_state_goes_on_as_the_focus_it_is_of() -> None:
    one, other = learnt(0.5), ImportanceSampler(1000, 0.5, torch.device("cpu"))
    other.load_state({name: tensor.clone() for name, tensor in one.state().items()})
    for focus in (one, other):
        focus.record_losses(0, torch.ones(500))
        focus.finish_epoch(torch.arange(1000))
    for first, second in zip(one.draw(generator()), other.draw(generator()), strict=True):
        assert torch.equal(first, second)


# Within an epoch


def batches(data: DeviceData, epoch: int, first_step: int = 0) -> list[Batch]:
    return list(data.iterate_batches(partial(apply_maps, config=data.config), epoch, first_step))


def labels(data: DeviceData, epoch: int) -> Tensor:
    return torch.cat([batch.labels for batch in batches(data, epoch)])


def after_an_epoch(**changes: Any) -> DeviceData:
    """The first images were not learnt in it."""
    data = resident(focus=0.5, epochs=4, **changes)
    for step, batch in enumerate(batches(data, 1)):
        data.record_losses(step, torch.where(batch.labels < HARD, 5.0, 0.0))
    data.finish_epoch(1)
    return data


def test_the_first_and_the_clean_epochs_show_every_image_once() -> None:
    data = after_an_epoch(clean_epochs=1)
    for epoch in (1, 4, 5):
        assert sorted(labels(data, epoch).tolist()) == list(range(COUNT))
        assert all(batch.weights is not None and (batch.weights == 1).all() for batch in batches(data, epoch))
    for epoch in (2, 3):
        assert len(labels(data, epoch).unique()) < COUNT


def test_an_image_weighs_what_it_was_drawn_by() -> None:
    data = after_an_epoch()
    for batch in batches(data, 2):
        assert batch.weights is not None
        assert (batch.weights[batch.labels < HARD] < 0.9).all()
        assert (batch.weights[batch.labels >= HARD] > 1.0).all()


@pytest.mark.parametrize("first", [0, 1, 16, 17, 33])
def test_any_step_gives_exactly_the_rest_of_the_epoch(first: int) -> None:
    data = after_an_epoch()
    whole = batches(data, 2)
    for rest, expected in zip(batches(data, 2, first), whole[first:], strict=True):
        assert all(torch.equal(one, other) for one, other in zip(rest, expected, strict=True))
