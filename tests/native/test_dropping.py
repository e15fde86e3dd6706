"""A compiled dropout's numbers: how many stay, and that they are independent."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from mnist_tui.native.plan import Dropout, MapShape
from tests.native.dropping import factors
from tests.native.toolchain import needs_compiler

pytestmark = needs_compiler

MAP = MapShape(10, 13, 13)
IMAGES = 200
COUNT = IMAGES * MAP.channels * MAP.height * MAP.width


def keep_mask(probability: float = 0.5, *, seed: int = 1, step: int = 0, stage: int = 0) -> Tensor:
    """(N, C, H, W) bool."""
    found = factors(Dropout(probability, whole_channels=False), MAP, IMAGES, seed=seed, step=step, stage=stage)
    assert set(found.unique().tolist()) <= {0.0, float(torch.tensor(1 / (1 - probability)))}
    return found != 0


def assert_unrelated(one: Tensor, other: Tensor) -> None:
    """Within five standard deviations of what independent halves agree in: chance is one in a million."""
    agreement = (one == other).double().mean().item()
    assert agreement == pytest.approx(0.5, abs=5 * 0.5 / one.numel() ** 0.5)


@pytest.mark.parametrize("probability", [0.01, 0.1, 0.5, 0.9])
def test_as_many_stay_as_should(probability: float) -> None:
    deviation = (probability * (1 - probability) / COUNT) ** 0.5
    for step in range(5):
        share = keep_mask(probability, step=step).double().mean().item()
        assert share == pytest.approx(1 - probability, abs=5 * deviation)


@pytest.mark.parametrize("dim", range(4), ids=["image", "channel", "row", "column"])
def test_each_image_channel_row_and_column_is_like_any_other(dim: int) -> None:
    found = keep_mask(0.1)
    others = [other for other in range(4) if other != dim]
    each = COUNT / found.shape[dim]
    shares = found.double().mean(others)
    assert (shares - 0.9).abs().max() < 5 * (0.09 / each) ** 0.5


@pytest.mark.parametrize("change", [{"seed": 2}, {"step": 1}, {"stage": 1}], ids=["seed", "step", "stage"])
def test_another_seed_step_or_stage_has_numbers_of_its_own(change: dict[str, int]) -> None:
    assert_unrelated(keep_mask(), keep_mask(**change))
    assert torch.equal(keep_mask(**change), keep_mask(**change))


@pytest.mark.parametrize("shift", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("dim", range(4), ids=["image", "channel", "row", "column"])
def test_neighbors_are_independent(dim: int, shift: int) -> None:
    found = keep_mask()
    size = found.shape[dim] - shift
    assert_unrelated(found.narrow(dim, 0, size), found.narrow(dim, shift, size))


def test_a_number_repeats_no_pattern_of_the_step_before() -> None:
    """Steps differ in one bit of what is mixed: neither the same numbers nor the same ones a little further on."""
    one, other = keep_mask(step=6).flatten(), keep_mask(step=7).flatten()
    for shift in range(1, 20):
        assert_unrelated(one[shift:], other[:-shift])


def test_whole_channels_fall_together_and_apart_from_the_others() -> None:
    found = factors(Dropout(0.5, whole_channels=True), MAP, 2000, seed=1, step=0, stage=0)
    assert found.shape == (2000, 10, 1, 1)
    flat = (found != 0).flatten(1)
    assert flat.double().mean().item() == pytest.approx(0.5, abs=5 * 0.5 / 20_000**0.5)
    for channel in range(1, 10):
        assert_unrelated(flat[:, 0], flat[:, channel])
    assert_unrelated(flat[1:], flat[:-1])
