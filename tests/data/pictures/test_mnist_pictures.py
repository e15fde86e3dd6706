"""Real digits as people have them: a network reads nearly as many as in MNIST's own form. Minutes: `make test-slow`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from mnist_tui.data import datasets
from mnist_tui.data.pictures.reading import read_largest_digit
from mnist_tui.data.types import Split
from mnist_tui.inference.network import TrainedNetwork, load_trained
from mnist_tui.recipes import build_config
from mnist_tui.training import run_training
from tests.data.pictures.digit_pictures import CONDITIONS, digit_of, inverted, turned_by_exif

pytestmark = [pytest.mark.mnist, pytest.mark.slow]

IMAGES = 1000
KEPT = 0.985
"""Of the accuracy on the images as they are."""


@pytest.fixture(scope="module")
def network(mnist_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainedNetwork:
    """Some seconds of training."""
    config = build_config("instant", dataset="mnist", train_limit=30_000)
    runs_dir = tmp_path_factory.mktemp("runs")
    outcome = run_training.start_run(config, data_dir=mnist_folder, runs_dir=runs_dir, report=lambda event: None)
    return load_trained(outcome.run)


@pytest.fixture(scope="module")
def digits(mnist_folder: Path) -> Split:
    """The test set's first thousand, which are its harder half."""
    test = datasets.load_dataset("mnist", mnist_folder).test
    return Split(test.images[:IMAGES], test.labels[:IMAGES])


def accuracy(network: TrainedNetwork, pictures: list[np.ndarray], labels: torch.Tensor) -> float:  # type: ignore[type-arg]
    images = torch.from_numpy(np.stack(pictures)).unsqueeze(1)
    return (network.logits(images).argmax(1) == labels).float().mean().item()


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_network_reads_them_in_every_condition(condition: str, network: TrainedNetwork, digits: Split) -> None:
    random = np.random.default_rng(5)
    originals = list(digits.images[:, 0].numpy())
    pictures = [read_largest_digit(CONDITIONS[condition](image, random)) for image in originals]
    as_they_are = accuracy(network, originals, digits.labels)
    assert as_they_are > 0.95
    assert accuracy(network, pictures, digits.labels) >= KEPT * as_they_are


def test_a_network_reads_photographs_that_lie_on_their_side(network: TrainedNetwork, digits: Split) -> None:
    random = np.random.default_rng(5)
    originals = list(digits.images[:, 0].numpy())
    pictures = [
        digit_of(turned_by_exif(inverted(image, random), (1, 3, 6, 8)[number % 4]), "photo.jpg")
        for number, image in enumerate(originals)
    ]
    assert accuracy(network, pictures, digits.labels) >= KEPT * accuracy(network, originals, digits.labels)
