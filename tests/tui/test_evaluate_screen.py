"""The Evaluate screen: a run's figures, its matrix, and the mistakes of a cell that is picked."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

import mnist_tui.inference.evaluation  # as is the next, here, so that no test waits for torch
import mnist_tui.inference.live  # noqa: F401
from mnist_tui.data import my_digits
from mnist_tui.tui.screens.evaluate import EvaluateScreen
from mnist_tui.tui.widgets.model.mistakes_gallery import MistakesGallery
from mnist_tui.tui.widgets.tables.confusion_matrix import ConfusionMatrix
from tests import trained_runs
from tests.tui.app_support import SIZES, OpenDashboard, with_dashboard


def made(folder: Path) -> None:
    """A run, and drawings of which two fours look like nines."""
    trained_runs.write(folder / "runs", dataset="my-digits")
    for number in range(60):
        label = number % 10
        picture = trained_runs.picture_of(9 if label == 4 else label)[0].numpy()
        my_digits.add_digit(folder / "data", picture, label)


async def opened(dashboard: OpenDashboard) -> EvaluateScreen:
    await dashboard.press("3")
    screen = cast(EvaluateScreen, dashboard.app.screen)
    await dashboard.until(lambda: screen.result is not None)
    await dashboard.wait_for_text("Confusion")
    return screen


@pytest.mark.parametrize("size", SIZES)
def test_a_runs_figures_and_mistakes_are_shown_at_every_size(tmp_path: Path, size: tuple[int, int]) -> None:
    made(tmp_path)

    async def scenario(dashboard: OpenDashboard) -> None:
        await opened(dashboard)
        await dashboard.wait_for_text("reader · best weights, epoch 2 · my-digits", "90.00 %", "is 4  #4", "1 of 1")

    with_dashboard(scenario, tmp_path, size=size, has_job=False)


def test_a_cell_is_picked_with_keys_and_with_the_mouse(tmp_path: Path) -> None:
    made(tmp_path)

    async def scenario(dashboard: OpenDashboard) -> None:
        screen = await opened(dashboard)
        matrix, gallery = screen.query_one(ConfusionMatrix), screen.query_one(MistakesGallery)
        await dashboard.press("down")
        assert matrix.picked == (4, 9)
        await dashboard.wait_for_text("Is 4, taken for 9", "1 of 1")
        await dashboard.press("left")
        await dashboard.wait_for_text("Is 4, taken for 8", "0 of 1", "No mistakes here")
        await dashboard.press("escape")
        await dashboard.wait_for_text("most confident first")
        width = (matrix.size.width - 3) // 10
        await dashboard.pilot.click(ConfusionMatrix, offset=(3 + 9 * width + 1, 1 + 9))
        await dashboard.wait_for_text("Is 9, or taken for 9")
        assert [mistake.index for mistake in gallery.shown] == [4]

    with_dashboard(scenario, tmp_path, has_job=False)


def test_the_tables_take_turns_where_there_is_no_room(tmp_path: Path) -> None:
    made(tmp_path)

    async def scenario(dashboard: OpenDashboard) -> None:
        await opened(dashboard)
        assert "precision" not in dashboard.text
        await dashboard.press("v")
        await dashboard.wait_for_text("precision")
        await dashboard.press("v")
        await dashboard.wait_for_text("calibration error")
        await dashboard.press("v")
        await dashboard.wait_for_text("Confusion")

    with_dashboard(scenario, tmp_path, size=(80, 24), has_job=False)


def test_without_a_network_it_says_how_to_get_one(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await dashboard.press("3")
        await dashboard.wait_for_text("no network yet", "press n")

    with_dashboard(scenario, tmp_path, has_job=False)


def test_what_cannot_be_evaluated_is_said(tmp_path: Path) -> None:
    trained_runs.write(tmp_path / "runs", dataset="my-digits")

    async def scenario(dashboard: OpenDashboard) -> None:
        await dashboard.press("3")
        await dashboard.wait_for_text("no digits of your own")

    with_dashboard(scenario, tmp_path, has_job=False)
