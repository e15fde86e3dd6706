"""A digit's slant, and what sets it upright, against an independent computation and pictures whose slant is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from mnist_tui.config import TrainConfig
from mnist_tui.data.augmentation import apply_maps, deskew_pixels, make_network_input
from mnist_tui.data.deskew import compose_maps, make_deskew_maps

SIZE = 28
CONFIG = TrainConfig(deskew=1.0, interpolation="bilinear", mean=0.0, std=1.0)


def stroke(slant: float, middle: int = 13) -> Tensor:
    """(1, 1, 28, 28) uint8: a stroke whose rows lie `slant` pixels further to the right from one to the next."""
    picture = torch.zeros(SIZE, SIZE)
    for row in range(4, 24):
        place = 13 + slant * (row - middle)
        left = math.floor(place)
        picture[row, left], picture[row, left + 1] = 200 * (1 - place + left), 200 * (place - left)
    return picture.round().to(torch.uint8).view(1, 1, SIZE, SIZE)


def noise(count: int, seed: int = 0) -> Tensor:
    random = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, 1, SIZE, SIZE), dtype=torch.uint8, generator=random)


def slants(images: Tensor) -> list[float]:
    """As the maps have them."""
    return make_deskew_maps(images, 1.0)[:, 0, 1].tolist()


@pytest.mark.parametrize("slant", [0.0, 0.3, -0.3, 0.45])
def test_a_stroke_is_set_upright(slant: float) -> None:
    image = stroke(slant)
    assert slants(image) == pytest.approx([slant], abs=0.01)
    upright = deskew_pixels(image, CONFIG)
    assert upright.dtype == torch.uint8
    assert slants(upright) == pytest.approx([0.0], abs=0.02)
    # It stands where its middle was, as wide as reading between two pixels makes it.
    columns = upright[0, 0].sum(0, dtype=torch.int64)
    assert columns[12:15].sum() > 0.99 * columns.sum()


def test_the_slant_is_the_inks_covariance_over_its_variance_in_height() -> None:
    images = noise(50)
    y, x = np.mgrid[:SIZE, :SIZE].astype(float)
    expected = []
    for image in images[:, 0].numpy().astype(float):
        weight = image / image.sum()
        across, down = x - (weight * x).sum(), y - (weight * y).sum()
        expected.append((weight * across * down).sum() / (weight * down**2).sum())
    assert slants(images) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("share", [0.25, 0.7])
def test_a_share_of_it_may_stay(share: float) -> None:
    whole, part = make_deskew_maps(noise(9), 1.0), make_deskew_maps(noise(9), share)
    torch.testing.assert_close(part[:, 0, 1], share * whole[:, 0, 1])
    image = stroke(0.4)
    some = deskew_pixels(image, CONFIG.replace(deskew=share))
    assert slants(some) == pytest.approx([0.4 * (1 - share)], abs=0.02)


def test_what_has_no_slant_stays_where_it_is() -> None:
    blank, line = (
        torch.zeros(1, 1, SIZE, SIZE, dtype=torch.uint8),
        torch.zeros(1, 1, SIZE, SIZE, dtype=torch.uint8),
    )
    line[0, 0, 20, 3:25] = 255
    for image in (blank, line, torch.full_like(blank, 255)):
        assert torch.equal(deskew_pixels(image, CONFIG), image)
    assert make_deskew_maps(blank[:0], 1.0).shape == (0, 2, 3)


def test_a_lying_stroke_is_not_stretched_into_a_standing_one() -> None:
    picture = torch.zeros(1, 1, SIZE, SIZE, dtype=torch.uint8)
    for column in range(4, 24):
        picture[0, 0, 11 + column // 5, column] = 255
    assert slants(picture) == [1.0]


def test_the_maps_do_not_depend_on_threads_or_company() -> None:
    images, threads = noise(3000), torch.get_num_threads()
    together = make_deskew_maps(images, 0.7)
    try:
        torch.set_num_threads(threads + 1)
        assert torch.equal(make_deskew_maps(images, 0.7), together)
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(torch.cat([make_deskew_maps(images[n : n + 1], 0.7) for n in range(20)]), together[:20])


def test_two_maps_are_one() -> None:
    random = torch.Generator().manual_seed(5)
    outer, inner, point = (
        torch.randn(7, *shape, generator=random, dtype=torch.float64) for shape in ((2, 3), (2, 3), (3, 1))
    )
    point[:, 2] = 1
    moved = torch.cat([inner @ point, torch.ones(7, 1, 1)], dim=1)
    torch.testing.assert_close(compose_maps(outer, inner) @ point, outer @ moved)


def test_the_network_gets_the_upright_image_normalized() -> None:
    images, config = noise(5), CONFIG.replace(mean=0.4, std=0.2)
    expected = apply_maps(images, make_deskew_maps(images, 1.0), config)
    assert torch.equal(make_network_input(images, config), expected)
    assert not torch.equal(make_network_input(images, config.replace(deskew=0.0)), expected)
    back = (expected * 0.2 + 0.4) * 255
    torch.testing.assert_close(deskew_pixels(images, config).float(), back, rtol=0, atol=0.51)
