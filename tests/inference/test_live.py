"""Snapshots of a network in training: they are exact, and the training is not affected."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import torch
from torch import nn

from mnist_tui.errors import RunError
from mnist_tui.events import EpochFinished, Event, Progress, RunFinished, RunPaused, RunStarted
from mnist_tui.inference.live import LiveNetwork
from mnist_tui.inference.network import load_trained
from mnist_tui.training import recorder
from mnist_tui.training.snapshot import Snapshot, SnapshotSlot
from tests.engine_fixtures import Lab, at_step, differences, tiny_config, training_state
from tests.native.toolchain import needs_compiler

STEPS = 7


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    monkeypatch.setattr(recorder, "SNAPSHOT_SECONDS", 0.0)
    return Lab(tmp_path, monkeypatch)


class Onlooker:
    """Looks after every event."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self.seen: list[tuple[Event, Snapshot | None]] = []

    def __call__(self, event: Event) -> None:
        self.seen.append((event, self._lab.control.snapshots.latest()))

    def after(self, kind: type[Event]) -> list[Snapshot]:
        return [snapshot for event, snapshot in self.seen if isinstance(event, kind) and snapshot]


def test_reading_the_latest_requests_a_newer_one() -> None:
    live, snapshot = SnapshotSlot(), object()
    assert not live.is_requested
    assert live.latest() is None
    assert live.is_requested
    live.publish(snapshot)  # type: ignore[arg-type]
    assert not live.is_requested
    assert live.latest() is snapshot


def test_requests_get_a_snapshot_of_every_step(lab: Lab) -> None:
    onlooker = Onlooker(lab)
    lab.start(watch=onlooker)
    places = [(seen.epoch, seen.step) for seen in onlooker.after(Progress)]
    assert [place for place in dict.fromkeys(places) if place[0] == 1] == [(1, step) for step in range(1, STEPS + 1)]


def test_without_a_request_it_is_copied_only_at_the_turning_points_of_the_run(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = []
    copy = recorder._take_snapshot
    monkeypatch.setattr(recorder, "_take_snapshot", lambda *given: copied.append(given) or copy(*given))
    lab.start()
    assert len(copied) == 4  # its start, two epochs, its end
    assert sum(isinstance(event, Progress) for event in lab.events) >= 2 * STEPS


def test_it_is_not_copied_more_often_than_makes_sense(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "SNAPSHOT_SECONDS", 3600.0)
    onlooker = Onlooker(lab)
    lab.start(watch=onlooker)
    assert len({id(snapshot) for _, snapshot in onlooker.seen}) == 4


@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_after_an_epoch_the_snapshot_has_the_evaluated_weights(lab: Lab, ema: float) -> None:
    onlooker = Onlooker(lab)
    outcome = lab.start(tiny_config(model=lab.small_net(), ema=ema), watch=onlooker)
    last = onlooker.after(RunFinished)[-1]
    rows = [event for event in lab.events if isinstance(event, EpochFinished)]
    assert (last.epoch, last.step, last.test_accuracy) == (2, STEPS, rows[-1].test_accuracy)
    kept = load_trained(outcome.run, "last").model.state_dict()
    assert differences(dict(last.weights), dict(kept)) == []


def test_a_pause_shows_the_network_as_it_is_paused(lab: Lab) -> None:
    onlooker = Onlooker(lab)

    def watch(event: Event) -> None:
        if at_step(3)(event):
            lab.control.pause()
        if isinstance(event, RunPaused):
            onlooker(event)
            threading.Timer(0, lab.control.resume).start()

    lab.start(watch=watch)
    ((_, snapshot),) = onlooker.seen
    assert snapshot is not None
    assert (snapshot.epoch, snapshot.step, snapshot.test_accuracy) == (1, 3, None)


def test_a_run_that_goes_on_can_be_looked_at_from_its_first_moment(lab: Lab) -> None:
    run = lab.start(watch=lab.stop_at(at_step(9))).run
    onlooker = Onlooker(lab)
    lab.resume(run, watch=onlooker)
    first = onlooker.after(RunStarted)[0]
    assert (first.epoch, first.step) == (2, 2)


def test_a_snapshot_stays_what_it_was(lab: Lab) -> None:
    onlooker = Onlooker(lab)
    lab.start(tiny_config(model=lab.small_net()), watch=onlooker)
    first, last = onlooker.after(RunStarted)[0], onlooker.after(RunFinished)[-1]
    assert differences(dict(first.weights), dict(last.weights)) != []
    assert int(first.weights["1.num_batches_tracked"]) == 0


@pytest.mark.parametrize("backend", ["eager", pytest.param("native", marks=needs_compiler)])
def test_the_training_does_not_notice(lab: Lab, backend: str) -> None:
    """Dropout, averages, BatchNorm; another thread builds the network and computes with it all the while."""
    config = tiny_config(model=lab.small_net(), backend=backend, ema=0.9, rotation=7.0)
    undisturbed = training_state(lab.start(config).run)
    images = torch.randint(0, 256, (3, 1, 28, 28), dtype=torch.uint8)
    answers = []

    def watch(_: Event) -> None:
        snapshot = lab.control.snapshots.latest()

        def look() -> None:
            if snapshot is not None:
                answers.append(LiveNetwork().load(snapshot).logits(images))

        looking = threading.Thread(target=look)
        looking.start()
        looking.join()

    disturbed = training_state(lab.start(config, watch=watch).run)
    assert len(answers) > 2 * STEPS
    assert differences(undisturbed, disturbed) == []


def test_a_network_follows_the_snapshots(lab: Lab) -> None:
    onlooker, network = Onlooker(lab), LiveNetwork()
    outcome = lab.start(tiny_config(model=lab.small_net()), watch=onlooker)
    images = lab.dataset.test.images
    first = network.load(onlooker.after(RunStarted)[0])
    model, before = first.model, first.logits(images)
    last = network.load(onlooker.after(RunFinished)[-1])
    assert last.model is model
    assert not model.training
    assert not torch.equal(last.logits(images), before)
    assert torch.equal(last.logits(images), load_trained(outcome.run, "last").logits(images))
    assert (last.run, last.weights, last.epoch) == (outcome.run.name, "live", 2)


def test_a_network_whose_code_was_changed_meanwhile_is_made_of_the_runs_own_copy(lab: Lab) -> None:
    onlooker = Onlooker(lab)
    spec = lab.small_net()
    run = lab.start(tiny_config(model=spec), watch=onlooker).run
    file = Path(spec.rpartition(":")[0])
    file.write_text(file.read_text().replace("nn.ReLU()", "nn.Tanh()"))
    snapshot = onlooker.after(RunFinished)[-1]
    assert not any(isinstance(module, nn.Tanh) for module in LiveNetwork().load(snapshot).model.modules())
    (run.source_folder() / file.name).write_text(file.read_text())
    with pytest.raises(RunError, match="missing or damaged"):
        LiveNetwork().load(snapshot)
