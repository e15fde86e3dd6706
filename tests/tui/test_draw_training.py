"""Drawing while a network is trained: it is the live network that answers, and the training does not notice."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mnist_tui.config import TrainConfig
from mnist_tui.training import recorder, run_training
from mnist_tui.training.jobs import Folders, NewRun
from mnist_tui.training.snapshot import Snapshot
from mnist_tui.tui.session import SessionPhase
from tests.cli import easy_digits
from tests.engine_fixtures import differences, training_state
from tests.tui.app_support import OpenDashboard, with_dashboard
from tests.tui.draw_support import draw_across, draw_down, ink, open_draw, screen, warm_up
from tests.tui.held_training import HeldTraining, fixture_training
from tests.tui.test_training import CONFIG, FIRST, SECOND, the_run

__all__ = ["fixture_training"]

ENDLESS = CONFIG.replace(epochs=1000)
"""For what is seen in training, however long it takes; the test stops it."""


@pytest.fixture(scope="module", autouse=True)
def _warm() -> None:
    warm_up()


@pytest.fixture(autouse=True)
def _easy(monkeypatch: pytest.MonkeyPatch, training: HeldTraining) -> None:
    """Digits at no cost."""
    monkeypatch.setitem(sys.modules, "mnist_tui.data.synthetic", easy_digits.module())


def job(folder: Path, config: TrainConfig = CONFIG) -> NewRun:
    return NewRun(config, Folders(folder / "data", folder / "runs"))


def moment(dashboard: OpenDashboard) -> tuple[int, int]:
    """Of the network that answered last: its epoch and step; before the first and after the last a kept one did."""
    result = screen(dashboard).result
    network = result.request.network if result and result.prediction else None
    return (network.epoch, network.step) if isinstance(network, Snapshot) else (0, 0)


def test_the_answer_comes_from_the_network_as_it_is_being_trained(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await open_draw(dashboard)
        await draw_down(dashboard)
        await dashboard.until(lambda: moment(dashboard) > (1, 0))
        first = moment(dashboard)
        answered = screen(dashboard).result.prediction
        await dashboard.wait_for_text("live, epoch")
        await dashboard.until(lambda: moment(dashboard) > first)
        assert screen(dashboard).result.prediction.probabilities != answered.probabilities
        await dashboard.until(lambda: dashboard.app.session.history.epochs)
        dashboard.app.session.stop()
        await dashboard.until(lambda: dashboard.app.session.phase is SessionPhase.STOPPED)
        await dashboard.wait_for_text("best weights, epoch")

    with_dashboard(scenario, tmp_path, job=job(tmp_path, ENDLESS))


def test_a_paused_network_goes_on_answering(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await dashboard.until(lambda: dashboard.app.session.phase is SessionPhase.TRAINING)
        await dashboard.press("space")
        await dashboard.until(lambda: dashboard.app.session.phase is SessionPhase.PAUSED)
        await open_draw(dashboard)
        await draw_across(dashboard)
        await dashboard.until(lambda: moment(dashboard) > (0, 0))
        before = screen(dashboard).result
        await draw_down(dashboard)
        await dashboard.until(lambda: screen(dashboard).result is not before)
        assert moment(dashboard) == (before.request.network.epoch, before.request.network.step)
        assert ink(dashboard) > 0
        dashboard.app.session.stop()
        await dashboard.until(lambda: dashboard.app.session.phase is SessionPhase.STOPPED)

    with_dashboard(scenario, tmp_path, job=job(tmp_path, ENDLESS))


def test_drawing_during_a_training_does_not_change_the_weights(tmp_path: Path, training: HeldTraining) -> None:
    """Dropout and BatchNorm, whose random numbers and statistics are easiest to disturb."""
    file = tmp_path / "small_net.py"
    file.write_text(
        "from torch import nn\n"
        "class Net(nn.Sequential):\n"
        "    def __init__(self):\n"
        "        super().__init__(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(6), nn.Dropout(0.3),\n"
        "            nn.Flatten(), nn.Linear(4 * 4 * 4, 10))\n"
    )
    config = CONFIG.replace(model=f"{file}:Net", backend="eager", ema=0.9, rotation=7.0)
    training.hold(FIRST, SECOND)

    async def scenario(dashboard: OpenDashboard) -> None:
        await open_draw(dashboard)
        answered = set()
        while dashboard.app.session.phase is not SessionPhase.FINISHED:
            await draw_down(dashboard)
            answered.add(moment(dashboard))
            await dashboard.press("u")
            await dashboard.pilot.pause(0.3)  # it trains in the same process
            # Each epoch's first half is answered from, that is by another network.
            for count, held in enumerate((FIRST, SECOND), start=1):
                if len(answered - {(0, 0)}) >= count:
                    training.let_go(held)

    with_dashboard(scenario, tmp_path, job=job(tmp_path, config))
    undisturbed = run_training.start_run(
        config, data_dir=tmp_path / "data", runs_dir=tmp_path / "headless", report=lambda _: None
    )
    assert differences(training_state(the_run(tmp_path)), training_state(undisturbed.run)) == []


def test_a_screen_that_nobody_sees_asks_for_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copied = []
    copy = recorder._take_snapshot
    monkeypatch.setattr(recorder, "_take_snapshot", lambda *given: copied.append(given) or copy(*given))

    async def scenario(dashboard: OpenDashboard) -> None:
        await open_draw(dashboard)
        await dashboard.until(lambda: moment(dashboard) > (0, 0) or len(copied) > 2)
        await dashboard.press("5")
        await dashboard.until(lambda: dashboard.app.session.history.epochs)
        seen = len(copied)
        await dashboard.until(lambda: dashboard.app.session.phase is SessionPhase.FINISHED)
        assert len(copied) <= seen + 2  # one that was still wanted, and the end's

    with_dashboard(scenario, tmp_path, job=job(tmp_path))
