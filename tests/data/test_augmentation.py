"""Random maps against an independent computation in numpy: rotation, shift, scale, and what they leave alone."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from mnist_tui.config import TrainConfig
from mnist_tui.data.augmentation import apply_maps, draw_random_maps, make_network_input

SIZE = 28
PIXELS = {"mean": 0.0, "std": 1.0}  # [0, 1] as stored, so that black is 0


def config(**changes: Any) -> TrainConfig:
    return TrainConfig(**{"rotation": 0.0, **PIXELS, **changes})


def pictures(count: int = 1, seed: int = 0) -> Tensor:
    random = torch.Generator().manual_seed(seed)
    return torch.randint(1, 256, (count, 1, SIZE, SIZE), dtype=torch.uint8, generator=random)


def augmented(images: Tensor, settings: TrainConfig, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return apply_maps(images, draw_random_maps(len(images), SIZE, settings, generator), settings)


@pytest.fixture
def draws(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Fix all random numbers, in [0, 1): 1 asks for each limit itself, 0 for its opposite."""

    def fix(value: float) -> None:
        monkeypatch.setattr(torch, "rand", lambda count, **_options: torch.full((count,), value))

    return fix


def mapped(image: np.ndarray, matrix: np.ndarray, offset: np.ndarray, *, bilinear: bool) -> np.ndarray:
    """The pixel at (x, y) is read at `matrix` (x, y) + `offset`, about the image's middle; outside is black."""
    middle = (SIZE - 1) / 2
    result = np.zeros((SIZE, SIZE))

    def read(column: int, row: int) -> float:
        return image[row, column] if 0 <= column < SIZE and 0 <= row < SIZE else 0.0

    for row in range(SIZE):
        for column in range(SIZE):
            x, y = matrix @ np.array([column - middle, row - middle]) + offset + middle
            if not bilinear:
                result[row, column] = read(math.floor(x + 0.5), math.floor(y + 0.5))
                continue
            left, top = math.floor(x), math.floor(y)
            result[row, column] = sum(
                read(left + i, top + j) * (x - left if i else 1 - x + left) * (y - top if j else 1 - y + top)
                for i in (0, 1)
                for j in (0, 1)
            )
    return result


def rotation(degrees: float) -> np.ndarray:
    angle = math.radians(degrees)
    return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])


@pytest.mark.parametrize("degrees", [1, 7, 30, 45, 90, 180])
@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_a_rotation_reads_every_pixel_where_geometry_says(
    draws: Any, degrees: int, sign: int, interpolation: str
) -> None:
    draws(1.0 if sign > 0 else 0.0)
    images = pictures()
    ours = augmented(images, config(rotation=degrees, interpolation=interpolation))[0, 0].numpy()
    expected = mapped(
        images[0, 0].numpy() / 255,
        rotation(sign * degrees),
        np.zeros(2),
        bilinear=interpolation == "bilinear",
    )
    different = np.abs(ours - expected) > 1e-3
    # Nearest has ties, which rounding may break either way: on 45° lines and at quarter turns' rims.
    assert different.sum() <= (4 if interpolation == "nearest" else 0)


@pytest.mark.parametrize(("value", "pixels"), [(1.0, 3), (0.0, -3)])
def test_a_shift_moves_by_whole_pixels_and_leaves_black_behind(draws: Any, value: float, pixels: int) -> None:
    draws(value)
    images = pictures()
    moved = augmented(images, config(shift=3))[0, 0]
    # Read further right and down: the picture moves left and up.
    expected = torch.roll(images[0, 0] / 255, (-pixels, -pixels), dims=(0, 1))
    if pixels > 0:
        expected[-pixels:], expected[:, -pixels:] = 0, 0
    else:
        expected[:-pixels], expected[:, :-pixels] = 0, 0
    torch.testing.assert_close(moved, expected)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_scaling_enlarges_and_shrinks_by_the_fraction_asked_for(draws: Any, value: float) -> None:
    draws(value)
    images = pictures()
    ours = augmented(images, config(scale=0.25, interpolation="bilinear"))[0, 0].numpy()
    factor = 1.25 if value else 0.75
    expected = mapped(images[0, 0].numpy() / 255, np.eye(2) / factor, np.zeros(2), bilinear=True)
    assert np.abs(ours - expected).max() < 1e-3


@pytest.mark.parametrize(("value", "slant"), [(0.0, -0.3), (1.0, 0.3)])
def test_shear_slants_by_pixels_a_row_and_before_anything_else(draws: Any, value: float, slant: float) -> None:
    draws(value)
    images = pictures()
    ours = augmented(images, config(shear=0.3, rotation=20, interpolation="bilinear"))[0, 0].numpy()
    matrix = np.array([[1, slant], [0, 1]]) @ rotation(20 if value else -20)
    expected = mapped(images[0, 0].numpy() / 255, matrix, np.zeros(2), bilinear=True)
    assert np.abs(ours - expected).max() < 1e-3


def test_shear_changes_no_other_random_number() -> None:
    without, sheared = (
        draw_random_maps(50, SIZE, config(rotation=9, shift=1, shear=shear), torch.Generator().manual_seed(3))
        for shear in (0.0, 0.2)
    )
    assert without is not None
    assert sheared is not None
    assert torch.equal(without[:, 1], sheared[:, 1])
    assert not torch.equal(without[:, 0], sheared[:, 0])


def test_maps_stay_within_what_was_asked_for_and_use_all_of_it() -> None:
    settings = config(rotation=20, shift=4, scale=0.3)
    maps = draw_random_maps(4000, SIZE, settings, torch.Generator().manual_seed(0))
    assert maps is not None
    zoom = maps[:, 0, :2].norm(dim=1)
    angle = torch.rad2deg(torch.atan2(maps[:, 1, 0], maps[:, 0, 0]))
    shifts = maps[:, :, 2] * SIZE / 2
    scale = 1 / zoom - 1
    for values, limit in ((angle, 20), (shifts[:, 0], 4), (shifts[:, 1], 4), (scale, 0.3)):
        assert values.abs().max() <= limit * 1.001
        assert values.max() > 0.98 * limit
        assert values.min() < -0.98 * limit
        assert values.mean().abs() < 0.05 * limit
    assert torch.corrcoef(torch.stack([angle, shifts[:, 0], shifts[:, 1], scale])).fill_diagonal_(0).abs().max() < 0.1


def test_without_augmentation_pictures_are_only_normalized() -> None:
    images = pictures(3)
    generator = torch.Generator().manual_seed(0)
    before = generator.get_state()
    settings = config(mean=0.5, std=0.25)
    maps = draw_random_maps(len(images), SIZE, settings, generator)
    assert maps is None
    assert torch.equal(apply_maps(images, maps, settings), make_network_input(images, settings))
    assert torch.equal(generator.get_state(), before)


def test_normalizing_takes_pixels_of_zero_to_one_to_the_mean_and_deviation_asked_for() -> None:
    images = torch.tensor([0, 51, 255], dtype=torch.uint8).reshape(3, 1, 1, 1).expand(3, 1, SIZE, SIZE)
    seen = make_network_input(images, config(mean=0.5, std=0.25))
    assert seen.dtype == torch.float32
    assert seen[:, 0, 0, 0].tolist() == pytest.approx([-2.0, -1.2, 2.0])


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_augmented_pixels_stay_in_range_and_the_fill_is_black(interpolation: str) -> None:
    white = torch.full((50, 1, SIZE, SIZE), 255, dtype=torch.uint8)
    settings = config(rotation=180, shift=10, scale=0.5, interpolation=interpolation, mean=0.5, std=0.5)
    seen = augmented(white, settings)
    assert seen.min() == pytest.approx(-1.0)
    assert seen.max() == pytest.approx(1.0)
    if interpolation == "nearest":
        assert set(seen.unique().tolist()) == {-1.0, 1.0}


def test_nearest_invents_no_new_gray() -> None:
    images = pictures()
    seen = augmented(images, config(rotation=7))
    assert set(seen.unique().tolist()) <= {0.0, *(images.float() / 255).unique().tolist()}


def test_the_same_generator_gives_the_same_pictures_whatever_torchs_own_does() -> None:
    images, settings = pictures(20), config(rotation=7, shift=2, scale=0.1)
    one = augmented(images, settings, seed=3)
    torch.manual_seed(12)
    assert torch.equal(augmented(images, settings, seed=3), one)
    assert not torch.equal(augmented(images, settings, seed=4), one)


def test_the_stored_pictures_are_left_as_they_are() -> None:
    images = pictures(5)
    before = images.clone()
    augmented(images, config(rotation=7))
    make_network_input(images, config())
    assert torch.equal(images, before)


def test_each_picture_gets_a_map_of_its_own() -> None:
    images = pictures().expand(10, 1, SIZE, SIZE)
    seen = augmented(images, config(rotation=45, interpolation="bilinear"))
    assert len(seen.flatten(1).unique(dim=0)) == 10
