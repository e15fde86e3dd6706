"""Batches: every image once an epoch, in an order of (seed, epoch) alone, from any step on."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

from mnist_tui.config import TrainConfig
from mnist_tui.data.augmentation import apply_maps
from mnist_tui.data.deskew import compose_maps, make_deskew_maps
from mnist_tui.data.loader import CHUNK, DeviceData, split_validation
from mnist_tui.data.types import Dataset, Split
from mnist_tui.errors import ConfigError

COUNT = 2 * CHUNK + 77


def numbered(count: int) -> Split:
    """Image i has its number as its label, and as its first two pixels."""
    numbers = torch.arange(count)
    images = torch.zeros(count, 1, 28, 28, dtype=torch.uint8)
    images[:, 0, 0, 0], images[:, 0, 0, 1] = (numbers % 256).byte(), (numbers // 256).byte()
    return Split(images, numbers)


DATASET = Dataset("synthetic", numbered(COUNT), numbered(30), (), "numbered", "f")


def resident(**changes: Any) -> DeviceData:
    settings = {"rotation": 0.0, "mean": 0.0, "std": 1.0, "batch_size": 64, **changes}
    return DeviceData(DATASET, TrainConfig(**settings), torch.device("cpu"))


def batches(data: DeviceData, epoch: int = 1, first_step: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
    for batch in data.iterate_batches(partial(apply_maps, config=data.config), epoch, first_step):
        assert batch.weights is None
        yield batch.images, batch.labels


def labels(data: DeviceData, epoch: int = 1, first_step: int = 0) -> list[int]:
    found = [labels for _, labels in batches(data, epoch, first_step)]
    return torch.cat(found).tolist() if found else []


def test_images_are_set_upright_before_anything_random() -> None:
    """In the clean epoch as well, and each by its own slant."""
    random = torch.Generator().manual_seed(3)
    images = torch.randint(0, 256, (CHUNK + 50, 1, 28, 28), dtype=torch.uint8, generator=random)
    train = Split(images, torch.arange(len(images)))
    config = TrainConfig(deskew=0.5, rotation=20.0, epochs=2, clean_epochs=1, batch_size=len(images))

    def seen(epoch: int, **changes: Any) -> tuple[Tensor, Tensor]:
        data = DeviceData(
            Dataset("synthetic", train, train, (), "slanted", "f"),
            config.replace(**changes),
            torch.device("cpu"),
        )
        maps: list[Tensor | None] = []

        def augment(chunk: Tensor, given: Tensor | None) -> Tensor:
            maps.append(given)
            return chunk.float()

        (batch,) = data.iterate_batches(augment, epoch)
        (moved,) = maps
        assert moved is not None
        return moved, make_deskew_maps(images[batch.labels], 0.5)

    clean, upright = seen(2)
    assert torch.equal(clean, upright)
    moved, upright = seen(1)
    at_random, _ = seen(1, deskew=0.0)
    torch.testing.assert_close(moved, compose_maps(upright, at_random))


SIZES = [1, 7, 16, 64, 1000, CHUNK - 1, CHUNK, CHUNK + 1, COUNT - 1, COUNT, COUNT + 1, 100_000]


@pytest.mark.parametrize("size", SIZES)
def test_an_epoch_has_every_image_once_in_full_batches_and_a_rest(size: int) -> None:
    data = resident(batch_size=size)
    lengths = [len(labels) for _, labels in batches(data, 1)]
    assert sorted(labels(data)) == list(range(COUNT))
    assert len(lengths) == data.steps
    assert set(lengths[:-1]) <= {size}
    assert 0 < lengths[-1] <= size


@pytest.mark.parametrize("size", SIZES[1:])
def test_starting_at_any_step_gives_exactly_the_rest_of_the_epoch(size: int) -> None:
    data = resident(batch_size=size, rotation=7.0)
    whole = list(batches(data, 3))
    steps_a_chunk = max(1, CHUNK // size)
    starts = {0, 1, steps_a_chunk - 1, steps_a_chunk, steps_a_chunk + 1, data.steps - 1, data.steps}
    for first in sorted(start for start in starts if start <= data.steps):
        rest = list(batches(data, 3, first))
        assert len(rest) == data.steps - first
        for (images, numbers), (expected_images, expected_numbers) in zip(rest, whole[first:], strict=True):
            assert torch.equal(images, expected_images)
            assert torch.equal(numbers, expected_numbers)


@pytest.mark.parametrize("size", [4, 7, 512, CHUNK, CHUNK - 1, 2 * CHUNK])
def test_a_single_last_image_may_join_the_batch_before(size: int) -> None:
    limit = CHUNK * 2 // size * size + 1
    alone, joined = resident(batch_size=size, train_limit=limit), resident(batch_size=size, train_limit=limit)
    joined.join_last_image()
    assert (joined.steps, joined.largest_batch, joined.last_batch) == (alone.steps - 1, size + 1, size + 1)
    assert (alone.largest_batch, alone.last_batch) == (size, 1)
    assert labels(joined) == labels(alone)
    found = [len(labels) for _, labels in batches(joined)]
    assert found == [size] * (joined.steps - 1) + [size + 1]
    for start in {0, joined.steps - 1, joined.steps // 2}:
        rest = list(batches(joined, first_step=start))
        for whole, again in zip(list(batches(joined))[start:], rest, strict=True):
            assert torch.equal(whole[0], again[0])
            assert torch.equal(whole[1], again[1])


@pytest.mark.parametrize(("size", "limit"), [(16, 32), (16, 34), (1, 5), (16, 1)])
def test_where_no_image_is_left_alone_by_others_nothing_joins(size: int, limit: int) -> None:
    data = resident(batch_size=size, train_limit=limit)
    steps = data.steps
    data.join_last_image()
    assert (data.steps, data.joins_last_image) == (steps, False)


def test_images_and_labels_stay_together() -> None:
    for images, numbers in batches(resident(), 1):
        pixels = images.mul(255).round().long()
        assert torch.equal(pixels[:, 0, 0, 0] + 256 * pixels[:, 0, 0, 1], numbers)


def test_the_order_depends_on_seed_and_epoch_and_on_nothing_else() -> None:
    order = labels(resident(seed=1), epoch=1)
    torch.manual_seed(99)
    assert labels(resident(seed=1, batch_size=16, rotation=7.0), epoch=1) == order
    others = [labels(resident(seed=seed), epoch) for seed, epoch in ((1, 2), (2, 1), (2, 2))]
    assert all(other != order for other in others)
    assert len({tuple(other) for other in others}) == 3


def test_augmentation_differs_from_epoch_to_epoch_and_from_chunk_to_chunk() -> None:
    same = torch.randint(0, 256, (1, 1, 28, 28), dtype=torch.uint8).expand(COUNT, 1, 28, 28)
    dataset = Dataset("synthetic", Split(same, torch.zeros(COUNT).long()), DATASET.test, (), "", "")
    data = DeviceData(
        dataset, TrainConfig(rotation=20.0, interpolation="bilinear", batch_size=CHUNK), torch.device("cpu")
    )

    def first_images(epoch: int) -> list[Tensor]:
        return [images[0] for images, _ in batches(data, epoch)]

    seen = torch.stack([*first_images(1), *first_images(2)]).flatten(1)
    assert len(seen.unique(dim=0)) == 6


@pytest.mark.parametrize("limit", [1, 100, COUNT, COUNT + 1000])
def test_a_limit_takes_the_first_images(limit: int) -> None:
    assert sorted(labels(resident(train_limit=limit))) == list(range(min(limit, COUNT)))


def test_validation_images_are_the_same_for_every_seed_and_never_trained_on() -> None:
    one, other = resident(validation=200, seed=1), resident(validation=200, seed=2)
    assert one.validation is not None
    assert other.validation is not None
    held_out = one.validation.labels.tolist()
    assert other.validation.labels.tolist() == held_out
    assert len(held_out) == 200
    assert sorted(held_out + labels(one)) == list(range(COUNT))
    assert sorted(labels(one)) == sorted(labels(other))


def test_validation_images_are_drawn_from_the_whole_set() -> None:
    _, validation = split_validation(DATASET.train, 200)
    assert validation is not None
    assert validation.labels.min() < COUNT // 10
    assert validation.labels.max() > COUNT - COUNT // 10


def test_without_validation_there_is_none() -> None:
    assert resident().validation is None


def test_validation_comes_out_of_the_limited_images() -> None:
    data = resident(train_limit=100, validation=30)
    assert data.validation is not None
    assert sorted(labels(data) + data.validation.labels.tolist()) == list(range(100))


@pytest.mark.parametrize(("limit", "validation"), [(0, COUNT), (0, COUNT + 1), (50, 50), (50, 60)])
def test_validation_that_leaves_nothing_to_train_on_is_refused(limit: int, validation: int) -> None:
    with pytest.raises(ConfigError, match=f"validation is {validation:,}, but there are") as raised:
        resident(train_limit=limit, validation=validation)
    assert "--validation" in raised.value.remedy


def test_the_last_epochs_are_clean_where_that_is_asked_for_and_those_past_the_end_too() -> None:
    data = resident(epochs=3, clean_epochs=2, rotation=90.0)

    def moved(epoch: int) -> bool:
        """Whether the two pixels that number an image are no longer where they were."""
        images = torch.cat([images for images, _ in batches(data, epoch)])
        return bool(images[:, 0, 1:].any())

    assert [moved(epoch) for epoch in (1, 2, 3, 4)] == [True, False, False, False]
