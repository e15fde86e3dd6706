"""A digit of each class with its answer, what is confused most, and the filters at the start of a training."""

from __future__ import annotations

from pathlib import Path

import torch

from mnist_tui.data.types import DIGITS, Split
from mnist_tui.inference.digit_answers import (
    Confusion,
    answer_images,
    find_confusions,
    find_one_per_class,
    list_confusions,
)
from mnist_tui.inference.explain import find_filters
from mnist_tui.inference.network import build_network, load_trained
from mnist_tui.models import load_model
from tests import sample_runs, trained_runs


def reading(labels: list[int], shown: list[int]) -> Split:
    """Images that are drawn as `shown` and labeled otherwise."""
    return Split(trained_runs.pictures(shown), torch.tensor(labels))


def test_the_first_image_of_each_class_is_answered(tmp_path: Path) -> None:
    network = load_trained(trained_runs.write(tmp_path))
    split = reading([3, 3, 1, 9], [3, 5, 1, 4])
    numbers = find_one_per_class(split.labels, len(DIGITS))
    assert numbers == (2, 0, 3)
    answers = answer_images(network, split, numbers)
    assert [(answer.label, answer.prediction.best.name, answer.is_correct) for answer in answers] == [
        (1, "1", True),
        (3, "3", True),
        (9, "4", False),
    ]
    assert torch.equal(answers[2].pixels, trained_runs.picture_of(4)[0])


def test_confusions_come_most_frequent_first(tmp_path: Path) -> None:
    network = load_trained(trained_runs.write(tmp_path))
    split = reading([4, 4, 7, 2, 5], [9, 9, 1, 2, 5])
    assert find_confusions(network, split, limit=100) == (Confusion(4, 9, 2), Confusion(7, 1, 1))
    assert find_confusions(network, split, limit=2) == (Confusion(4, 9, 1),)  # every third image
    assert list_confusions([[5, 1], [0, 5]]) == (Confusion(0, 1, 1),)


def test_a_network_is_built_with_the_weights_that_its_training_began_with(tmp_path: Path) -> None:
    run = sample_runs.write_finished(tmp_path, "seeded", 0.9, seed=5)
    torch.manual_seed(5)
    wanted = load_model("reference").state_dict()
    torch.manual_seed(1)
    before = torch.get_rng_state()
    model, _ = build_network(run)
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(value, wanted[name]) for name, value in model.state_dict().items())
    filters = find_filters(model)
    assert filters is not None
    assert torch.equal(filters.weights, wanted["block1.conv1.weight"][:, 0])
