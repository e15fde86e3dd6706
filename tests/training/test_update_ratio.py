"""How far steps move the weights: the right numbers, at the same steps always, and no trace in the training."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from torch import nn

from mnist_tui.events import WeightsMoved
from mnist_tui.models import load_model
from mnist_tui.runs import Run
from mnist_tui.training.recorder import RunResult
from mnist_tui.training.update_ratio import MEASUREMENTS_PER_EPOCH, UpdateRatios
from tests.engine_fixtures import Lab, at_step, make_trainer, tiny_config
from tests.native.toolchain import needs_compiler


@pytest.fixture
def lab(tmp_path, monkeypatch: pytest.MonkeyPatch) -> Lab:  # type: ignore[no-untyped-def]
    return Lab(tmp_path, monkeypatch)


def measured(happened: object) -> list[WeightsMoved]:
    return [event for event in happened if isinstance(event, WeightsMoved)]  # type: ignore[attr-defined]


def test_the_numbers_are_those_of_the_step() -> None:
    model = nn.Sequential(nn.Linear(2, 1, bias=False))
    update_ratios = UpdateRatios(model)
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([[3.0, 4.0]]))
    before = update_ratios.capture(0, 1)
    assert before is not None
    model[0].weight.grad = torch.tensor([[0.0, 2.0]])
    with torch.no_grad():
        model[0].weight -= torch.tensor([[0.3, 0.4]])
    moved = update_ratios.measure(before, epoch=2, step=7)
    assert (moved.epoch, moved.step, moved.layers) == (2, 7, ("0",))
    assert moved.weight_norms == pytest.approx((5.0,))
    assert moved.gradient_norms == pytest.approx((2.0,))
    assert moved.update_ratios == pytest.approx((0.1,))


@pytest.mark.parametrize("steps", [1, 7, 10, 11, 99, 3750])
def test_a_few_steps_an_epoch_are_looked_at_and_the_last_always(steps: int) -> None:
    update_ratios = UpdateRatios(nn.Linear(2, 1))
    due = [step for step in range(steps) if update_ratios.capture(step, steps) is not None]
    assert len(due) == min(steps, MEASUREMENTS_PER_EPOCH)
    assert due[-1] == steps - 1
    gaps = {later - earlier for earlier, later in pairwise(due)}
    assert len(gaps) <= 2


def test_layers_are_named_as_in_the_layer_table() -> None:
    moved = UpdateRatios(load_model("reference"))
    before = moved.capture(0, 1)
    assert before is not None
    layers = moved.measure(before, 1, 1).layers
    assert layers[:3] == ("block1.conv1", "block1.norm1", "block1.conv2")
    assert len(layers) == 12


def test_shared_frozen_and_odd_weights() -> None:
    class Odd(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Linear(2, 2, bias=False)
            self.second = nn.Linear(2, 2, bias=False)
            self.second.weight = self.first.weight
            self.third = nn.Linear(2, 2).requires_grad_(False)
            self.scale = nn.Parameter(torch.zeros(3))
            self.attention = nn.MultiheadAttention(4, 2)

    update_ratios = UpdateRatios(Odd())
    before = update_ratios.capture(0, 1)
    assert before is not None
    moved = update_ratios.measure(before, 1, 1)
    assert moved.layers == ("scale", "first", "attention")
    assert moved.update_ratios == (0, 0, 0)  # also where all weights are zero
    assert moved.gradient_norms == (0, 0, 0)  # also where there is no gradient


def test_a_network_without_weights_has_no_update_ratios() -> None:
    assert UpdateRatios(nn.Flatten()).capture(0, 1) is None


@pytest.mark.parametrize("backend", ["eager", pytest.param("native", marks=needs_compiler)])
def test_every_backend_leaves_what_is_needed(lab: Lab, backend: str) -> None:
    lab.start(tiny_config(model=lab.small_net(), backend=backend))
    moves = measured(lab.events)
    assert [moved.step for moved in moves] == list(range(1, 15))
    assert moves[0].layers == ("0", "1", "6")
    for numbers in (moves[-1].weight_norms, moves[-1].gradient_norms, moves[-1].update_ratios):
        assert all(math.isfinite(number) and number > 0 for number in numbers)


def test_looking_changes_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    ready = [make_trainer(tiny_config(ema=0.9)) for _ in range(2)]
    list(ready[0].run())
    monkeypatch.setattr(UpdateRatios, "capture", lambda *_: None)
    assert not measured(ready[1].run())
    one, other = (trainer.train_state.model.state_dict() for trainer in ready)
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_resumed_run_has_the_update_ratios_of_one_left_alone(lab: Lab) -> None:
    def moves(outcome: RunResult) -> list[tuple[object, ...]]:
        return [
            (moved.epoch, moved.step, moved.weight_norms, moved.gradient_norms, moved.update_ratios)
            for moved in Run(outcome.run.folder).history().weight_updates
        ]

    undisturbed = lab.start(name="undisturbed")
    stopped = lab.start(name="stopped", watch=lab.stop_at(at_step(9)))
    assert len(moves(stopped)) == 9
    lab.resume(stopped.run)
    assert moves(stopped) == moves(undisturbed)
    assert len(moves(stopped)) == 14


def test_a_reader_of_epochs_alone_passes_them_by(lab: Lab) -> None:
    run = lab.start().run
    assert run.history().weight_updates
    assert not run.history(progress=False).weight_updates
