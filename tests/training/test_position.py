"""Where a run stands, to plain values and back."""

from __future__ import annotations

import math

import pytest
import torch

from mnist_tui.training.position import BestEpoch, Position
from mnist_tui.training.rng import random_state, restore_random_state

CPU = torch.device("cpu")
BEST = BestEpoch(epoch=2, accuracy=0.9, test_accuracy=0.8, test_loss=0.7, train_loss=0.6)


@pytest.mark.parametrize("best", [None, BEST])
def test_a_position_survives_plain_values_which_stay_as_they_are(best: BestEpoch | None) -> None:
    position = Position(epoch=3, step=4, epoch_seconds=1.5, finished_seconds=9.0, best=best)
    values = position.to_dict()
    assert Position.from_dict(values) == position
    assert values == position.to_dict()


@pytest.mark.parametrize("values", [{"best": {"epoch": 1}}, {"best": None, "color": "red"}])
def test_other_values_are_refused(values: dict) -> None:
    with pytest.raises(TypeError):
        Position.from_dict(values)


@pytest.mark.parametrize(
    "damage",
    [
        {"epoch": 0},
        {"epoch": -1},
        {"epoch": "2"},
        {"epoch": 2.0},
        {"step": -1},
        {"step": None},
        {"epoch_seconds": math.nan},
        {"finished_seconds": math.inf},
        {"test_loss": []},
        {"best": BEST.__dict__ | {"accuracy": "high"}},
        {"best": BEST.__dict__ | {"epoch": 0}},
        {"best": [1]},
    ],
)
def test_damaged_numbers_are_refused(damage: dict) -> None:
    with pytest.raises((TypeError, ValueError)):
        Position.from_dict(Position(best=BEST).to_dict() | damage)


def test_finishing_an_epoch_moves_to_the_start_of_the_next() -> None:
    position = Position(epoch=2, step=7, epoch_seconds=3.0, finished_seconds=4.0, best=BEST)
    position.finish_epoch(0.9, 0.1)
    assert position == Position(
        epoch=3, step=0, epoch_seconds=0.0, finished_seconds=7.0, test_accuracy=0.9, test_loss=0.1, best=BEST
    )


def test_random_numbers_go_on_where_they_were() -> None:
    state = random_state(CPU)
    expected = torch.rand(5)
    torch.manual_seed(7)
    restore_random_state(state, CPU)
    assert torch.equal(torch.rand(5), expected)
