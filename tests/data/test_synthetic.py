"""The embedded digits: the same for the same seed, shaped as MNIST is, and worth learning from."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from mnist_tui.data import synthetic
from mnist_tui.data.synthetic import BLOCK
from mnist_tui.data.synthetic.curves import NODES, build_alphabet
from mnist_tui.data.synthetic.skeletons import ALLOGRAPHS

SOME = 3000


@pytest.fixture(scope="module")
def digits() -> tuple[Tensor, Tensor]:
    return draw(SOME, seed=7)


def draw(
    count: int, seed: int, *, threads: int | None = None, progress: Callable[[int], None] | None = None
) -> tuple[Tensor, Tensor]:
    images, labels = synthetic.draw_digits(count, seed, threads=threads, progress=progress)
    return torch.from_numpy(images), torch.from_numpy(labels)


def test_the_same_seed_draws_the_same_digits(digits: tuple[Tensor, Tensor]) -> None:
    images, labels = draw(SOME, seed=7)
    assert torch.equal(images, digits[0])
    assert torch.equal(labels, digits[1])


def test_another_seed_draws_other_digits_in_another_order(digits: tuple[Tensor, Tensor]) -> None:
    images, labels = draw(SOME, seed=8)
    assert not torch.equal(labels, digits[1])
    assert (images.flatten(1) != digits[0].flatten(1)).any(dim=1).all()


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_number_of_threads_changes_no_bit(count: int, digits: tuple[Tensor, Tensor]) -> None:
    images, labels = draw(SOME, seed=7, threads=count)
    assert torch.equal(images, digits[0])
    assert torch.equal(labels, digits[1])


def test_the_global_random_state_is_neither_read_nor_changed() -> None:
    np.random.seed(1)
    before = np.random.get_state()[1].copy()
    first, _ = draw(20, seed=3)
    assert (np.random.get_state()[1] == before).all()
    np.random.seed(2)
    assert torch.equal(draw(20, seed=3)[0], first)


def test_images_and_labels_have_the_shapes_and_types_of_mnist(digits: tuple[Tensor, Tensor]) -> None:
    images, labels = digits
    assert images.shape == (SOME, 1, 28, 28)
    assert images.dtype == torch.uint8
    assert labels.shape == (SOME,)
    assert labels.dtype == torch.int64


@pytest.mark.parametrize("count", [0, 1, 9, 10, 103])
def test_any_number_can_be_drawn_and_classes_are_balanced(count: int) -> None:
    images, labels = draw(count, seed=1)
    assert len(images) == len(labels) == count
    per_class = labels.bincount(minlength=10)
    assert len(per_class) == 10
    assert per_class.max() - per_class.min() <= 1


def test_classes_come_in_shuffled_order(digits: tuple[Tensor, Tensor]) -> None:
    labels = digits[1]
    repeats = (labels[1:] == labels[:-1]).float().mean()
    assert 0.05 < repeats < 0.15  # one in ten, as in any well mixed order


def test_every_digit_fills_a_box_of_twenty_pixels_and_no_more(digits: tuple[Tensor, Tensor]) -> None:
    inked = digits[0][:, 0] > 0
    sides = torch.stack([_extent(inked.any(dim=axis)) for axis in (1, 2)])
    assert sides.max() <= 20
    assert sides.amax(dim=0).min() >= 17
    assert sides.amax(dim=0).float().mean() > 19


def test_the_center_of_mass_is_the_center_of_the_image(digits: tuple[Tensor, Tensor]) -> None:
    ink = digits[0][:, 0].double()
    pixels = torch.arange(28, dtype=torch.float64) + 0.5
    for axis in (1, 2):
        centers = (ink.sum(dim=axis) @ pixels) / ink.sum(dim=(1, 2))
        # The box moves by whole pixels, and never out of the image.
        assert (centers - 14).abs().quantile(0.99) < 0.51
        assert (centers - 14).abs().max() < 2.5


def test_digits_are_white_on_black_with_soft_edges(digits: tuple[Tensor, Tensor]) -> None:
    ink = digits[0].float() / 255
    assert 0.10 < ink.mean() < 0.16  # MNIST: 0.131
    assert 0.27 < ink.std() < 0.34  # MNIST: 0.308
    assert (ink.amax(dim=(1, 2, 3)) > 0.9).all()
    soft = ((ink > 0.05) & (ink < 0.95)).float().mean()
    assert 0.05 < soft < 0.15


def test_no_two_digits_are_alike(digits: tuple[Tensor, Tensor]) -> None:
    assert len(torch.unique(digits[0].flatten(1), dim=0)) == SOME


def test_a_linear_classifier_fitted_on_some_reads_others(digits: tuple[Tensor, Tensor]) -> None:
    images, labels = digits
    inputs = images.flatten(1).double() / 255
    targets = torch.nn.functional.one_hot(labels).double()
    ridge = 50 * torch.eye(28 * 28, dtype=torch.float64)
    weights = torch.linalg.solve(inputs.T @ inputs + ridge, inputs.T @ targets)
    others, truth = draw(1000, seed=8)
    read = (others.flatten(1).double() / 255 @ weights).argmax(dim=1)
    assert (read == truth).float().mean() > 0.65


def test_progress_counts_up_to_all_images() -> None:
    reported: list[int] = []
    draw(BLOCK + 10, seed=1, progress=reported.append)
    assert len(reported) > 1
    assert reported == sorted(reported)
    assert reported[-1] == BLOCK + 10


def test_progress_may_end_it() -> None:
    def enough(done: int) -> None:
        raise InterruptedError(done)

    with pytest.raises(InterruptedError, match=str(BLOCK)):
        draw(10 * BLOCK, seed=1, progress=enough)


def test_every_class_has_several_ways_of_writing() -> None:
    ways = torch.tensor([allograph.digit for allograph in ALLOGRAPHS]).bincount(minlength=10)
    assert ways.min() >= 3


def test_nodes_lie_on_the_skeleton_from_its_first_to_its_last_point() -> None:
    letters = build_alphabet()
    nodes = torch.from_numpy(letters.mixing @ letters.controls)
    for index, allograph in enumerate(ALLOGRAPHS):
        first = allograph.strokes[0][0][0]
        last = allograph.strokes[-1][-1][-1]
        torch.testing.assert_close(nodes[index, 0], torch.tensor(first), atol=1e-4, rtol=0)
        torch.testing.assert_close(nodes[index, -1], torch.tensor(last), atol=1e-4, rtol=0)


def test_the_pen_lifts_between_strokes_and_nowhere_else() -> None:
    inked = build_alphabet().inked
    assert inked.shape == (len(ALLOGRAPHS), NODES - 1)
    lifts = (inked == 0).sum(axis=1).tolist()
    assert lifts == [len(allograph.strokes) - 1 for allograph in ALLOGRAPHS]


def _extent(line: Tensor) -> Tensor:
    """Number of pixels (B,) from the first to the last True of each row of `line` (B, 28)."""
    places = torch.arange(28)
    last = torch.where(line, places, -1).amax(dim=1)
    first = torch.where(line, places, 28).amin(dim=1)
    return last - first + 1
