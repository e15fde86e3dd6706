"""The Evaluate screen: a run's figures, its matrix, and a wall of the errors, each of which can be opened."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

import mnist_tui.inference.evaluation  # as is the next, here, so that no test waits for torch
import mnist_tui.inference.live  # noqa: F401
from mnist_tui.data import my_digits
from mnist_tui.runs import Run
from mnist_tui.training.snapshot import Snapshot
from mnist_tui.tui.screens.draw import DrawScreen
from mnist_tui.tui.screens.evaluate import EvaluateScreen
from mnist_tui.tui.screens.model import ModelScreen
from mnist_tui.tui.session import SessionPhase
from mnist_tui.tui.widgets.model.mistakes_wall import MistakesWall
from mnist_tui.tui.widgets.tables.confusion_matrix import ConfusionMatrix
from tests import sample_runs, trained_runs
from tests.tui.app_support import SIZES, OpenDashboard, run_started, with_dashboard


def made(folder: Path, *swapped: tuple[int, int]) -> Run:
    """A run, and sixty drawings; those of the labels at the left of `swapped` look like the digits at the right."""
    looks = dict(swapped or [(4, 9)])
    for number in range(60):
        label = number % 10
        picture = trained_runs.picture_of(looks.get(label, label))[0].numpy()
        my_digits.add_digit(folder / "data", picture, label)
    return trained_runs.write(folder / "runs", dataset="my-digits")


async def opened(dashboard: OpenDashboard) -> EvaluateScreen:
    await dashboard.press("3")
    screen = cast(EvaluateScreen, dashboard.app.screen)
    await dashboard.until(lambda: screen.result is not None)
    await dashboard.wait_for_text("Confusion")
    return screen


@pytest.mark.parametrize("size", SIZES)
def test_a_runs_figures_and_errors_are_shown_at_every_size(tmp_path: Path, size: tuple[int, int]) -> None:
    made(tmp_path)

    async def scenario(dashboard: OpenDashboard) -> None:
        screen = await opened(dashboard)
        await dashboard.wait_for_text("reader · best weights, epoch 2", "90.00 %", "of 10 · loss", "my-digits")
        await dashboard.wait_for_text("95 % CI 59.58–98.21 %", "true ↓ predicted →", "Errors 1")
        await dashboard.wait_for_text("4→9 100 %", "4 → 9 (100 %)", "test #4", "label", "1 of 1")
        assert screen.query_one("#summary").size.height == 4  # nothing of it wraps

    with_dashboard(scenario, tmp_path, size=size, has_job=False)


def test_a_cell_is_picked_with_keys_and_with_the_mouse(tmp_path: Path) -> None:
    made(tmp_path)

    async def scenario(dashboard: OpenDashboard) -> None:
        screen = await opened(dashboard)
        matrix, wall = screen.query_one(ConfusionMatrix), screen.query_one(MistakesWall)
        assert wall.has_focus
        await dashboard.press("C", "down")
        assert matrix.picked == (4, 9)
        await dashboard.wait_for_text("True 4, predicted 9 · 1 of 1")
        await dashboard.press("enter")
        await dashboard.until(lambda: wall.has_focus)
        await dashboard.press("C", "left")
        await dashboard.wait_for_text("True 4, predicted 8 · 0 of 1", "No errors here")
        assert "Why" not in dashboard.footer
        await dashboard.press("escape")
        await dashboard.wait_for_text("most confident first")
        width = (matrix.size.width - 3) // 10
        await dashboard.pilot.click(ConfusionMatrix, offset=(3 + 9 * width + 1, 1 + 9))
        await dashboard.wait_for_text("True or predicted 9")
        assert [mistake.index for mistake in wall.shown] == [4]

    with_dashboard(scenario, tmp_path, has_job=False)


def test_the_cursor_moves_over_the_wall_by_keys_and_by_mouse(tmp_path: Path) -> None:
    made(tmp_path, *((label, (label + 1) % 10) for label in range(10)))

    async def scenario(dashboard: OpenDashboard) -> None:
        screen = await opened(dashboard)
        wall = screen.query_one(MistakesWall)
        assert len(wall.shown) == 10
        columns = wall._columns
        assert 1 < columns < 10
        for key, cursor in (("right", 1), ("l", 2), ("h", 1), ("left", 0), ("left", 0), ("down", columns), ("k", 0)):
            await dashboard.press(key)
            assert wall.cursor == cursor, key
        await dashboard.press("end")
        assert wall.cursor == 9
        await dashboard.wait_for_text("10 of 10", f"test #{wall.shown[9].index}")
        await dashboard.press("home")
        await dashboard.until(lambda: wall.scroll_offset.y == 0)
        await dashboard.pilot.click(MistakesWall, offset=(wall._step + 2, 2))
        assert wall.cursor == 1
        await dashboard.pilot.click(MistakesWall, offset=(wall._step + 2, 2))
        await dashboard.until(lambda: isinstance(dashboard.app.screen, ModelScreen))

    with_dashboard(scenario, tmp_path, size=(100, 24), has_job=False)


def test_an_error_is_opened_in_model_with_the_question_why_and_why_not(tmp_path: Path) -> None:
    made(tmp_path)
    trained_runs.write(tmp_path / "runs", "newer", dataset="my-digits", created="2026-11-25T00:00:00.000Z")

    async def scenario(dashboard: OpenDashboard) -> None:
        screen = await opened(dashboard)
        await dashboard.wait_for_text("newer · best weights")
        await dashboard.press("N")
        await dashboard.wait_for_text("reader  linear on my-digits")
        await dashboard.press("end", "enter")
        await dashboard.wait_for_text("reader · best weights")
        await dashboard.press("enter")
        await dashboard.wait_for_text("Test image 4 · label 4 · predicted 9", "why 9?", "why not 4?")
        await dashboard.wait_for_text("reader · best weights")
        model = dashboard.app.screen
        assert isinstance(model, ModelScreen)
        assert model.explanation is not None
        assert [saliency.label for saliency in model.explanation.saliencies] == [9, 4]
        await dashboard.press("full_stop")
        await dashboard.wait_for_text("Test image 5 · label 5 · predicted 5", "why 5?")
        assert "why not" not in dashboard.text
        assert screen.result is not None

    with_dashboard(scenario, tmp_path, has_job=False)


def test_an_error_is_laid_on_the_draw_screen(tmp_path: Path) -> None:
    made(tmp_path)

    async def scenario(dashboard: OpenDashboard) -> None:
        await opened(dashboard)
        await dashboard.press("d")
        await dashboard.wait_for_text("Test image 4 · label 4", "best weights, epoch 2 · reader")
        screen = dashboard.app.screen
        assert isinstance(screen, DrawScreen)
        await dashboard.until(lambda: screen.result is not None and screen.result.prediction is not None)
        assert screen.canvas.drawing().ink.tobytes() == trained_runs.picture_of(9).numpy().tobytes()
        await dashboard.press("w")
        await dashboard.wait_for_text("Your drawing · predicted 9", "why not 4?")

    with_dashboard(scenario, tmp_path, has_job=False)


def test_a_label_says_live_only_while_it_is_true(tmp_path: Path) -> None:
    """After the end, and in the first epoch of another run, what is shown is the old run's, by its name."""
    run = made(tmp_path)
    training = sample_runs.write(tmp_path / "runs", "a-run", model="linear", dataset="my-digits")
    config = training.record().train_config()

    async def scenario(dashboard: OpenDashboard) -> None:
        await opened(dashboard)
        await dashboard.wait_for_text(f"{run.name} · best weights, epoch 2")
        await dashboard.report(run_started(), until=SessionPhase.TRAINING)
        await dashboard.wait_for_text("Another run is in training", f"{run.name} · best weights, epoch 2")
        assert "live" not in dashboard.text
        live = dashboard.job.controls[0].snapshots
        live.publish(Snapshot(training, config, trained_runs.weights(), 1, 10, 10, test_accuracy=0.9))
        await dashboard.report(sample_runs.epoch(1))
        await dashboard.wait_for_text("a-run · epoch 1 · live", "In training")
        await dashboard.report(sample_runs.run_finished(), None, until=SessionPhase.FINISHED)
        # It has left no weights here.
        await dashboard.until(lambda: f"{run.name} · best" in dashboard.text and "live" not in dashboard.text)

    with_dashboard(scenario, tmp_path)


def test_the_tables_take_turns_where_there_is_no_room(tmp_path: Path) -> None:
    made(tmp_path)

    async def scenario(dashboard: OpenDashboard) -> None:
        await opened(dashboard)
        assert "precision" not in dashboard.text
        await dashboard.press("v")
        await dashboard.wait_for_text("precision")
        await dashboard.press("v")
        await dashboard.wait_for_text("confidence", "calibration error")
        await dashboard.press("v")
        await dashboard.wait_for_text("Confusion")

    with_dashboard(scenario, tmp_path, size=(80, 24), has_job=False)


def test_a_zoomed_matrix_has_higher_cells(tmp_path: Path) -> None:
    made(tmp_path)

    async def scenario(dashboard: OpenDashboard) -> None:
        screen = await opened(dashboard)
        matrix = screen.query_one(ConfusionMatrix)
        await dashboard.press("C", "z")
        await dashboard.until(lambda: matrix.size.height > 30)
        await dashboard.pilot.click(ConfusionMatrix, offset=(3 + 9 * matrix._cell_width + 1, 1 + 4 * 3 + 2))
        assert matrix.picked == (4, 9)

    with_dashboard(scenario, tmp_path, has_job=False)


def test_without_a_network_it_says_how_to_get_one(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await dashboard.press("3")
        await dashboard.wait_for_text("No network yet.", "press n")

    with_dashboard(scenario, tmp_path, has_job=False)


def test_what_cannot_be_evaluated_is_said(tmp_path: Path) -> None:
    trained_runs.write(tmp_path / "runs", dataset="my-digits")

    async def scenario(dashboard: OpenDashboard) -> None:
        await dashboard.press("3")
        await dashboard.wait_for_text("no digits of your own")

    with_dashboard(scenario, tmp_path, has_job=False)
