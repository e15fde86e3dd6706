"""Runs from start to end on disk: what is recorded when."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from mnist_tui.config import TrainConfig
from mnist_tui.data import datasets
from mnist_tui.data.types import Dataset
from mnist_tui.errors import ConfigError, Interrupted, ModelError
from mnist_tui.events import (
    CheckpointSaved,
    DataProgress,
    Event,
    Notice,
    RunFinished,
    RunStarted,
    RunStopped,
)
from mnist_tui.training import build, checkpoint, evaluate, hardware, recorder
from mnist_tui.training.backends.eager import EagerBackend
from tests.engine_fixtures import (
    Lab,
    at_step,
    names,
    tiny_config,
    training_state,
)
from tests.patience import PATIENCE


def test_a_whole_run_is_reported_and_logged_in_order(lab: Lab) -> None:
    outcome = lab.start()
    epoch = ["EpochStarted", "EpochFinished", "CheckpointSaved"]
    assert names(lab.events) == ["RunStarted", *epoch, *epoch, "RunFinished"]
    assert list(outcome.run.events()) == lab.events
    assert outcome.event == lab.events[-1]
    assert not outcome.run.is_locked()


def test_a_stop_saves_a_checkpoint_before_the_last_word(lab: Lab) -> None:
    outcome = lab.start(watch=lab.stop_at(at_step(3)))
    assert names(lab.events) == ["RunStarted", "EpochStarted", "CheckpointSaved", "RunStopped"]
    assert isinstance(outcome.event, RunStopped)
    assert training_state(outcome.run)["position"]["step"] == 3


def test_a_pause_saves_a_checkpoint_while_it_lasts(lab: Lab) -> None:
    saved = threading.Event()

    def watch(event: Event) -> None:
        if at_step(3)(event):
            lab.control.pause()
        if isinstance(event, CheckpointSaved):
            saved.set()

    training = threading.Thread(target=lab.start, kwargs={"watch": watch})
    training.start()
    assert saved.wait(PATIENCE)
    assert type(lab.events[-1]) is CheckpointSaved
    assert training.is_alive()
    lab.control.resume()
    training.join(PATIENCE)
    assert not training.is_alive()
    assert names(lab.events)[:5] == [
        "RunStarted",
        "EpochStarted",
        "RunPaused",
        "CheckpointSaved",
        "RunResumed",
    ]
    assert names(lab.events)[-1] == "RunFinished"


def test_checkpoints_are_saved_by_the_clock_in_long_epochs(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "CHECKPOINT_SECONDS", 0.0)
    lab.start(tiny_config(epochs=1))
    saved = [event.step for event in lab.events if isinstance(event, CheckpointSaved)]
    assert saved == [
        1,
        2,
        3,
        4,
        5,
        6,
        7,
        7,
        7,
    ]  # after each step, at the last progress and at the epoch's end


def test_the_start_says_what_is_trained_on_what(lab: Lab) -> None:
    run = lab.start(tiny_config(validation=40)).run
    started = lab.events[0]
    assert isinstance(started, RunStarted)
    assert started.run == run.name
    assert (started.resumed_step, started.resumed_epoch) == (0, 0)
    assert started.config == run.record().config
    assert started.config["threads"] == 1
    assert started.model["parameters"] == 7850
    assert started.data["fingerprint"] == lab.dataset.fingerprint
    assert [started.data[f"{split}_images"] for split in ("train", "validation", "test")] == [160, 40, 60]
    assert started.machine["backend"] == "eager"
    assert started.versions == hardware.versions()


def test_the_log_says_what_was_used_not_what_was_asked_for(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(_name: str, _folder: Path, *, report: Callable[[Event], None]) -> Dataset:
        report(DataProgress(dataset="mnist", stage="fetching", item="x", done=1, total=2, unit="bytes"))
        report(Notice(message="instead", topic="data"))
        return lab.dataset

    monkeypatch.setattr(datasets, "load_dataset", load)
    run = lab.start(tiny_config(dataset="auto", threads=0, device="auto", epochs=1)).run
    config = run.record().config
    assert (config["dataset"], config["threads"]) == ("synthetic", 1)
    assert config["device"] in ("cpu", "cuda", "mps")
    # Progress has no log to be in yet; a notice waits for it.
    assert names(lab.events)[:3] == ["DataProgress", "RunStarted", "Notice"]
    assert names(run.events())[:2] == ["RunStarted", "Notice"]


def test_a_stop_while_getting_the_data_makes_no_run(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(_name: str, _folder: Path, *, report: Callable[[Event], None]) -> Dataset:
        report(DataProgress(dataset="mnist", stage="fetching", item="x", done=1, total=2, unit="bytes"))
        return lab.dataset

    monkeypatch.setattr(datasets, "load_dataset", load)
    lab.control.stop("interrupted")
    with pytest.raises(Interrupted, match="interrupted, while getting the data") as raised:
        lab.start()
    assert raised.value.exit_code == 130
    assert not lab.runs_dir.exists()


@pytest.mark.parametrize(("changes", "error"), [({"model": "nothing"}, ModelError), ({"validation": 200}, ConfigError)])
def test_what_is_wrong_before_the_start_makes_no_run(lab: Lab, changes: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        lab.start(tiny_config(**changes))
    assert not lab.runs_dir.exists()


def test_best_weights_are_those_of_the_best_epoch_with_their_metadata(lab: Lab) -> None:
    outcome = lab.start(tiny_config(epochs=4, lr=0.05))
    weights, metadata = checkpoint.load_weights(outcome.run.weights_file)
    finished = outcome.event
    assert isinstance(finished, RunFinished)
    assert metadata["metrics"] == {
        "epoch": finished.best_epoch,
        "test_accuracy": finished.best_test_accuracy,
        "test_loss": finished.best_test_loss,
    }
    config = outcome.run.record().config
    without = {name: config.pop(name) for name in ("extra_epochs", "threads", "backend", "teacher")}
    assert metadata["config"] == config
    assert dataclasses.replace(TrainConfig.from_dict(config), **without).to_dict() == config | without
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 10))
    model[1].load_state_dict({name.removeprefix("fc."): tensor for name, tensor in weights.items()})
    test = lab.dataset.test
    score = evaluate.evaluate(partial(evaluate.compute_logits, model), test.images, test.labels, tiny_config())
    assert score.accuracy == finished.best_test_accuracy
    assert score.loss == pytest.approx(finished.best_test_loss)


def test_outcomes_carry_plain_values(lab: Lab) -> None:
    lab.start()
    for event in lab.events:
        json.dumps(dataclasses.asdict(event), allow_nan=False)


def test_a_batch_larger_than_the_set_takes_the_room_of_the_set(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []

    def noting(config: Any, train_state: Any, *_args: Any, **_options: Any) -> EagerBackend:
        sizes.append(config.batch_size)
        return EagerBackend(config, train_state)

    monkeypatch.setattr(build, "choose_backend", noting)
    run = lab.start(tiny_config(batch_size=1_000_000)).run
    assert sizes == [len(lab.dataset.train.images)]
    assert run.record().config["batch_size"] == 1_000_000


def test_a_network_with_nothing_to_train_is_refused(lab: Lab, tmp_path: Path) -> None:
    file = tmp_path / "nothing.py"
    file.write_text(
        "from torch import nn\n\n\nclass Net(nn.Module):\n"
        "    def forward(self, images):\n        return images.flatten(1)[:, :10]\n"
    )
    with pytest.raises(ModelError, match="has no parameter to train"):
        lab.start(tiny_config(model=f"{file}:Net"))
    assert not lab.runs_dir.exists()
