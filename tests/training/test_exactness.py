"""The same weights, bit for bit, and the same epoch table, however often a run was stopped, paused or killed."""

from __future__ import annotations

import multiprocessing
import random
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from mnist_tui.config import TrainConfig
from mnist_tui.events import (
    CheckpointSaved,
    EpochFinished,
    EpochStarted,
    Event,
    Progress,
    RunFinished,
    RunPaused,
    RunStopped,
)
from mnist_tui.runs import Run
from mnist_tui.runs.history import RunStatus
from mnist_tui.training import checkpoint, evaluate
from tests.engine_fixtures import Lab, at_step, differences, rows, tiny_config, train_slowly, training_state
from tests.native.toolchain import needs_compiler
from tests.patience import PATIENCE
from tests.trial_server import begin_server

EPOCHS, STEPS = 3, 7

SETTINGS: dict[str, dict[str, Any]] = {
    "adam": {},
    "adamw": {"optimizer": "adamw", "weight_decay": 0.01},
    "sgd": {"optimizer": "sgd", "schedule": "constant", "lr": 0.05},
    "averaged": {"ema": 0.9, "label_smoothing": 0.1},
    "validated": {"validation": 20, "batch_size": 30, "shift": 2.0},
    "cleaned": {"shear": 0.2, "clean_epochs": 1, "dropout_scale": 0.5},
    "focused": {"focus": 0.5},
}


# Every kind of settings once, and the plainest with several seeds; all pairs are left to the slow tests.
CASES = [
    pytest.param(
        settings,
        seed,
        id=f"{name}-{seed}",
        marks=() if seed == 0 or name == "adam" else pytest.mark.slow,
    )
    for name, settings in SETTINGS.items()
    for seed in range(3)
]
SIZES = [
    pytest.param(batch_size, validation, marks=marks)
    for batch_size, validation, marks in (
        (25, 0, ()),
        (30, 20, ()),
        (25, 20, pytest.mark.slow),
        (30, 0, pytest.mark.slow),
    )
]


@pytest.fixture(params=["eager", pytest.param("native", marks=needs_compiler)])
def backend(request: pytest.FixtureRequest) -> str:
    """Every backend that is promised to be exact, and that any machine has."""
    return str(request.param)


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backend: str) -> Lab:
    monkeypatch.setattr(evaluate, "BATCH", 10)
    lab = Lab(tmp_path, monkeypatch, quickly=False)  # as the processes that are killed have it
    lab.backend = backend
    return lab


def demanding(lab: Lab, **changes: Any) -> TrainConfig:
    """Dropout, BatchNorm, augmentation: everything that draws random numbers or has a memory."""
    settings = {
        "model": lab.small_net(),
        "backend": lab.backend,
        "rotation": 10.0,
        "epochs": EPOCHS,
        **changes,
    }
    return tiny_config(**settings)


def assert_same(run: Run, undisturbed: Run) -> None:
    assert differences(training_state(run), training_state(undisturbed)) == []
    assert rows(run) == rows(undisturbed)
    assert run.history().batch_losses == undisturbed.history().batch_losses
    assert (
        differences(checkpoint.load_weights(run.weights_file)[0], checkpoint.load_weights(undisturbed.weights_file)[0])
        == []
    )


@pytest.mark.parametrize(("settings", "seed"), CASES)
def test_a_run_stopped_again_and_again_ends_as_if_undisturbed(lab: Lab, settings: dict[str, Any], seed: int) -> None:
    config = demanding(lab, seed=seed, **settings)
    undisturbed = lab.start(config, name="undisturbed").run
    steps = next(event.steps for event in lab.events if isinstance(event, EpochStarted))
    moments = sorted(random.Random(seed).sample(range(1, EPOCHS * steps), 3))
    outcome = lab.start(config, name="stopped", watch=lab.stop_at(at_step(moments[0])))
    for moment in moments[1:]:
        assert isinstance(outcome.event, RunStopped)
        outcome = lab.resume(outcome.run, watch=lambda event, at=moment: lab.stop_at(at_step(at))(event))
    assert isinstance(outcome.event, RunStopped)
    assert isinstance(lab.resume(outcome.run).event, RunFinished)
    assert_same(outcome.run, undisturbed)


@pytest.mark.parametrize("done", [10, 50, 60])
@pytest.mark.parametrize(("batch_size", "validation"), SIZES)
def test_a_stop_in_the_evaluation_costs_nothing(lab: Lab, done: int, validation: int, batch_size: int) -> None:
    """With 180 or 200 images the epoch's last step may end a chunk or not, and the last batch be full or not."""
    config = demanding(lab, validation=validation, batch_size=batch_size)
    undisturbed = lab.start(config, name="undisturbed").run

    def evaluating(event: Event) -> bool:
        return isinstance(event, Progress) and event.phase == "evaluating" and event.step == done

    outcome = lab.start(config, name="stopped", watch=lab.stop_at(evaluating))
    assert isinstance(outcome.event, RunStopped)
    assert isinstance(lab.resume(outcome.run).event, RunFinished)
    assert_same(outcome.run, undisturbed)


@pytest.mark.parametrize("kind", [EpochFinished, CheckpointSaved])
def test_a_stop_between_two_epochs_costs_nothing(lab: Lab, kind: type[Event]) -> None:
    config = demanding(lab)
    undisturbed = lab.start(config, name="undisturbed").run
    outcome = lab.start(config, name="stopped", watch=lab.stop_at(lambda event: isinstance(event, kind)))
    assert isinstance(outcome.event, RunStopped)
    assert outcome.event.step == STEPS
    lab.resume(outcome.run)
    assert_same(outcome.run, undisturbed)


def test_a_run_paused_and_resumed_ends_as_if_undisturbed(lab: Lab) -> None:
    config = demanding(lab)
    undisturbed = lab.start(config, name="undisturbed").run
    paused = threading.Semaphore(0)

    def watch(event: Event) -> None:
        if any(at_step(step)(event) for step in (2, 9, 16)):
            lab.control.pause()
        if isinstance(event, RunPaused):
            paused.release()

    training = threading.Thread(target=lab.start, args=(config,), kwargs={"name": "paused", "watch": watch})
    training.start()
    for _ in range(3):
        assert paused.acquire(timeout=PATIENCE)
        lab.control.resume()
    training.join(PATIENCE)
    assert not training.is_alive()
    assert_same(Run(lab.runs_dir / "paused"), undisturbed)


def test_one_more_epoch_after_a_disturbed_run_is_that_of_an_undisturbed_one(lab: Lab) -> None:
    """Also where the epoch after the schedule's end is stopped itself."""
    config = demanding(lab, ema=0.9)
    undisturbed = lab.start(config, name="undisturbed").run
    lab.resume(undisturbed, more_epochs=1)
    lab.control = type(lab.control)()
    run = lab.start(config, name="stopped", watch=lab.stop_at(at_step(10))).run
    lab.resume(run)

    def in_the_extra_epoch(event: Event) -> None:
        lab.stop_at(at_step(EPOCHS * STEPS + 3))(event)

    assert isinstance(lab.resume(run, more_epochs=1, watch=in_the_extra_epoch).event, RunStopped)
    assert isinstance(lab.resume(run).event, RunFinished)
    assert_same(run, undisturbed)


@pytest.mark.parametrize("part", ["random", "optimizer", "average", "meter", "position", "focus"])
def test_the_comparison_notices_any_part_of_the_checkpoint_that_is_lost(lab: Lab, part: str) -> None:
    """A control: were the tests above blind, this one would fail."""
    if (part, lab.backend) == ("random", "native"):
        pytest.skip("native's random numbers follow from the step, so none are kept")
    config = demanding(lab, ema=0.9, focus=0.5)
    undisturbed = lab.start(config, name="undisturbed").run
    early = lab.start(config, name="early", watch=lab.stop_at(at_step(3))).run
    lab.control = type(lab.control)()
    run = lab.start(config, name="stopped", watch=lab.stop_at(at_step(10))).run
    state = checkpoint.load_state(run.checkpoint_file)
    other = checkpoint.load_state(early.checkpoint_file)
    checkpoint.save_state(run.checkpoint_file, state | {part: other[part]})
    lab.resume(run)
    with pytest.raises(AssertionError):
        assert_same(run, undisturbed)


# Killed


def killed_on_the_way(run: Run, config: TrainConfig, moments: random.Random) -> bool:
    """Start or go on with the run in a process, and kill it at a random moment; False where it came to its end."""
    # A server that has imported torch once, from which each process is a quick fork.
    begin_server()
    process = multiprocessing.get_context("forkserver").Process(
        target=train_slowly, args=(run.folder, config.to_dict())
    )
    wanted = log_size(run) + moments.randrange(200, 6000)
    process.start()
    while process.is_alive() and log_size(run) < wanted:
        time.sleep(0.001)
    process.kill()
    process.join(PATIENCE)
    assert process.exitcode in (0, -9)
    return process.exitcode != 0


def log_size(run: Run) -> int:
    return run.log_file.stat().st_size if run.log_file.exists() else 0


def check_kills(lab: Lab, config: TrainConfig, wanted: int) -> None:
    undisturbed = lab.start(config, name="undisturbed").run
    moments, kills, number = random.Random(0), 0, 0
    while kills < wanted:
        number += 1
        run = Run(lab.runs_dir / f"killed-{number}")
        while kills < wanted and killed_on_the_way(run, config, moments):
            kills += 1
        if run.history().status is RunStatus.INTERRUPTED:
            lab.resume(run)
        assert_same(run, undisturbed)
        assert not list(run.folder.glob(".*.tmp"))


@pytest.mark.early
def test_a_run_killed_at_random_moments_ends_as_if_undisturbed(lab: Lab) -> None:
    check_kills(lab, demanding(lab, ema=0.9), 3)


@pytest.mark.slow
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_twenty_kills_change_nothing(lab: Lab, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any]) -> None:
    check_kills(lab, demanding(lab, **settings), 20)
