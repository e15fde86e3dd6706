"""A real training through the dashboard: paused, stopped, resumed, prolonged, to the very weights of a plain one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mnist_tui import runs
from mnist_tui.config import TrainConfig
from mnist_tui.runs import Run
from mnist_tui.runs.history import RunStatus
from mnist_tui.training import run_training
from mnist_tui.training.jobs import Folders, NewRun
from mnist_tui.tui.session import SessionPhase
from tests.cli import easy_digits
from tests.engine_fixtures import differences, training_state
from tests.tui.app_support import OpenDashboard, with_dashboard
from tests.tui.held_training import HeldTraining, fixture_training

CONFIG = TrainConfig(
    dataset="synthetic", model="linear", train_limit=480, epochs=2, batch_size=16, threads=1, device="cpu"
)
STEPS = 30
FIRST, SECOND = (1, 15), (2, 15)  # moments in the two epochs

__all__ = ["fixture_training"]


@pytest.fixture(autouse=True)
def _easy(monkeypatch: pytest.MonkeyPatch, training: HeldTraining) -> None:
    """Digits at no cost."""
    monkeypatch.setitem(sys.modules, "mnist_tui.data.synthetic", easy_digits.module())


def the_run(folder: Path) -> Run:
    (run,) = runs.list_runs(folder / "runs")
    return run


async def becomes(dashboard: OpenDashboard, phase: SessionPhase) -> None:
    await dashboard.until(lambda: dashboard.app.session.phase is phase)


async def is_in_epoch(dashboard: OpenDashboard, epoch: int) -> None:
    def there() -> bool:
        now = dashboard.app.session.history.progress
        return now is not None and now.epoch == epoch and 0 < now.step < now.steps

    await dashboard.until(there)


def test_paused_stopped_and_resumed_it_ends_with_the_weights_of_an_undisturbed_run(
    tmp_path: Path, training: HeldTraining
) -> None:
    training.hold(FIRST, SECOND)

    async def scenario(dashboard: OpenDashboard) -> None:
        await is_in_epoch(dashboard, 1)
        await dashboard.press("space")
        training.let_go(FIRST)
        await becomes(dashboard, SessionPhase.PAUSED)
        await dashboard.until(lambda: dashboard.app.session.history.checkpoint is not None)
        assert 0 < training_state(the_run(tmp_path))["position"]["step"] < STEPS
        assert the_run(tmp_path).history().status is RunStatus.PAUSED
        await dashboard.press("space")
        await is_in_epoch(dashboard, 2)
        await dashboard.press("s")
        training.let_go(SECOND)
        await becomes(dashboard, SessionPhase.STOPPED)
        await dashboard.until(lambda: not the_run(tmp_path).is_locked())
        assert the_run(tmp_path).history().status is RunStatus.STOPPED
        await dashboard.press("space")
        await becomes(dashboard, SessionPhase.FINISHED)

    with_dashboard(scenario, tmp_path, job=NewRun(CONFIG, Folders(tmp_path / "data", tmp_path / "runs")))
    undisturbed = run_training.start_run(
        CONFIG, data_dir=tmp_path / "data", runs_dir=tmp_path / "headless", report=lambda _: None
    )
    assert differences(training_state(the_run(tmp_path)), training_state(undisturbed.run)) == []


def test_one_more_epoch_after_the_end(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await becomes(dashboard, SessionPhase.FINISHED)
        await dashboard.wait_for_text("+ One more epoch")
        await dashboard.press("plus")
        await dashboard.until(lambda: dashboard.app.session.generation == 2)
        await becomes(dashboard, SessionPhase.FINISHED)
        assert sorted(dashboard.app.session.history.epochs) == [1, 2]

    config = CONFIG.replace(epochs=1)
    with_dashboard(scenario, tmp_path, job=NewRun(config, Folders(tmp_path / "data", tmp_path / "runs")))
    history = the_run(tmp_path).history()
    assert (history.status, len(history.rows)) == (RunStatus.FINISHED, 2)


def test_a_run_that_another_process_trains_is_refused_with_the_reason(tmp_path: Path, training: HeldTraining) -> None:
    training.hold(FIRST)

    async def scenario(dashboard: OpenDashboard) -> None:
        await is_in_epoch(dashboard, 1)
        await dashboard.press("s")
        training.let_go(FIRST)
        await becomes(dashboard, SessionPhase.STOPPED)
        await dashboard.until(lambda: not the_run(tmp_path).is_locked())
        with the_run(tmp_path).writer():
            await dashboard.press("space")
            await becomes(dashboard, SessionPhase.FAILED)
        await dashboard.wait_for_text("● failed", the_run(tmp_path).name)
        await dashboard.press("space")
        await becomes(dashboard, SessionPhase.FINISHED)

    with_dashboard(scenario, tmp_path, job=NewRun(CONFIG, Folders(tmp_path / "data", tmp_path / "runs")))


def test_looking_at_the_model_first_does_not_change_the_weights(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await dashboard.press("2", "1")
        dashboard.app.begin(NewRun(CONFIG, Folders(tmp_path / "data", tmp_path / "runs")))
        await becomes(dashboard, SessionPhase.FINISHED)
        await dashboard.press("2")
        await dashboard.wait_for_text("7,850")

    with_dashboard(scenario, tmp_path, has_job=False, config=CONFIG)
    undisturbed = run_training.start_run(
        CONFIG, data_dir=tmp_path / "data", runs_dir=tmp_path / "headless", report=lambda _: None
    )
    assert differences(training_state(the_run(tmp_path)), training_state(undisturbed.run)) == []
