"""Screen 2: the layers, and with trained weights what they make of test images."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import cast

import pytest

from mnist_tui import models
from mnist_tui.config import TrainConfig
from mnist_tui.data import datasets
from mnist_tui.data.types import DIGITS, TestSet
from mnist_tui.events import WeightsMoved
from mnist_tui.runs import Run
from mnist_tui.training import checkpoint
from mnist_tui.training.snapshot import Snapshot
from mnist_tui.tui.screens.draw import DrawScreen
from mnist_tui.tui.screens.model import ModelScreen
from mnist_tui.tui.widgets.tables.layers_table import LayersTable
from tests import sample_runs
from tests.engine_fixtures import tiny_dataset
from tests.patience import PATIENCE
from tests.tui.app_support import SIZES, OpenDashboard, run_started, with_dashboard

MOVED = WeightsMoved(
    epoch=1,
    step=10,
    layers=("block1.conv1", "block1.norm1"),
    weight_norms=(2.0, 3.0),
    gradient_norms=(0.5, 0.25),
    update_ratios=(0.00123, 0.5),
)


@pytest.fixture(autouse=True)
def few_images(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixty test images that are there at once, whatever a run was trained on."""
    images = TestSet("mnist", tiny_dataset().test, DIGITS)
    monkeypatch.setattr(datasets, "load_test_set", lambda *_, **__: images)


def trained_run(folder: Path, name: str = "done", model: str = "reference") -> Run:
    """A finished run with the weights that a new network has, and one look at its movement."""
    run = sample_runs.write(folder / "runs", name, MOVED, model=model, dataset="mnist")
    checkpoint.save_weights(run.weights_file, models.load_model(model).state_dict(), {"metrics": {"epoch": 3}})
    return run


async def opened(dashboard: OpenDashboard) -> ModelScreen:
    await dashboard.press("2")
    await dashboard.until(lambda: isinstance(dashboard.app.screen, ModelScreen))
    screen = dashboard.app.screen
    assert isinstance(screen, ModelScreen)
    return screen


async def seen(dashboard: OpenDashboard) -> ModelScreen:
    screen = await opened(dashboard)
    await dashboard.until(lambda: screen.explanation is not None and screen.summary is not None)
    await dashboard.pilot.pause()
    return screen


@pytest.mark.parametrize("size", SIZES)
def test_layers_image_and_maps_at_every_size(tmp_path: Path, size: tuple[int, int]) -> None:
    trained_run(tmp_path)

    async def scenario(dashboard: OpenDashboard) -> None:
        screen = await seen(dashboard)
        # In full, except of an image that is read well where there is little room: the weights are random.
        await dashboard.until(lambda: "Test image 0 · label 3" in dashboard.text or "#0 · 3 → 3" in dashboard.text)
        await dashboard.wait_for_text(
            "block1.conv1", "Feature maps", "6,790 parameters", "done · best weights, epoch 3"
        )
        if size[0] > 80:
            await dashboard.wait_for_text(
                "Feature maps · block1.conv1 · 8×28×28", "Filters of block1.conv1", "✓", "6 BatchNorm2d"
            )
        if size[0] == 200:
            await dashboard.until(lambda: screen.saliency.size.height > 28)  # two columns per pixel
            await dashboard.wait_for_text("RF", "update/weight", "trend", "1.2e-3", "fewer than 8,000")

    with_dashboard(scenario, tmp_path, size=size, has_job=False)


@pytest.mark.parametrize("size", [(80, 24), (120, 24), (80, 40)])
def test_filters_and_requirements_are_shown_by_their_letters_where_room_is_scarce(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    trained_run(tmp_path)

    async def scenario(dashboard: OpenDashboard) -> None:
        await seen(dashboard)
        assert "Requirements" not in dashboard.text
        await dashboard.press("F")
        await dashboard.wait_for_text("Filters of block1.conv1")
        assert "block3.conv2" not in dashboard.text
        await dashboard.press("Q")
        await dashboard.wait_for_text("✓", "6 BatchNorm2d")
        await dashboard.press("Q")
        await dashboard.wait_for_text("block1.conv1", "Feature maps")
        assert "Requirements" not in dashboard.text

    with_dashboard(scenario, tmp_path, size=size, has_job=False)


def test_another_layer_another_image_another_digit(tmp_path: Path) -> None:
    trained_run(tmp_path)

    async def scenario(dashboard: OpenDashboard) -> None:
        screen = await seen(dashboard)
        await dashboard.press("down", "down", "down", "down", "down", "down")
        await dashboard.wait_for_text("Feature maps · block1.pool · 8×14×14")
        await dashboard.press("full_stop")
        await dashboard.wait_for_text("Test image 1 · ")
        await dashboard.press("comma", "comma")
        await dashboard.wait_for_text("Test image 0 · ")
        await dashboard.press("greater_than_sign")
        await dashboard.until(lambda: screen.explanation is not None and screen.explanation.image.label == 0)
        await dashboard.wait_for_text(" · label 0 · predicted ")
        await dashboard.press("less_than_sign", "a")
        await dashboard.wait_for_text(" · gradient")
        await dashboard.wait_for_text("Test image 0 · ")

    with_dashboard(scenario, tmp_path, has_job=False)


def test_an_image_is_chosen_by_number_by_class_or_as_ones_own_drawing(tmp_path: Path) -> None:
    trained_run(tmp_path)

    async def scenario(dashboard: OpenDashboard) -> None:
        await seen(dashboard)
        await dashboard.press("i")
        await dashboard.wait_for_text("No drawing yet")
        await dashboard.type("#41")
        await dashboard.press("enter")
        await dashboard.wait_for_text("Test image 41 · ")
        await dashboard.press("i")
        await dashboard.type("7")
        await dashboard.press("enter")
        await dashboard.wait_for_text(" · label 7 · predicted")
        await dashboard.press("4")
        await dashboard.until(lambda: isinstance(dashboard.app.screen, DrawScreen))
        await dashboard.press("space", "down", "down", "down", "down", "down", "down", "down", "down")
        await dashboard.until(lambda: dashboard.app.workspace.drawing is not None)
        await dashboard.press("2", "i")
        await dashboard.wait_for_text("Your drawing")
        await dashboard.pilot.click("#drawing")
        await dashboard.wait_for_text("Your drawing · predicted", "Feature maps · block1.conv1")
        screen = dashboard.app.screen
        assert isinstance(screen, ModelScreen)
        assert screen.explanation is not None
        assert screen.explanation.image.pixels.numpy().tobytes() == dashboard.app.workspace.drawing
        await dashboard.press("full_stop")
        await dashboard.wait_for_text(" · label 7 · predicted")

    with_dashboard(scenario, tmp_path, has_job=False)


def test_why_a_drawing_is_misread_takes_three_keys(tmp_path: Path) -> None:
    trained_run(tmp_path)

    async def scenario(dashboard: OpenDashboard) -> None:
        await dashboard.press("4")
        await dashboard.until(lambda: isinstance(dashboard.app.screen, DrawScreen))
        await dashboard.press("space", "down", "down", "down", "down", "down", "down", "space")
        await dashboard.wait_for_text("w why")
        result = cast(DrawScreen, dashboard.app.screen).result
        assert result is not None
        assert result.prediction is not None
        other = (result.prediction.best.index + 1) % 10
        await dashboard.press("w")
        await dashboard.wait_for_text("Your drawing · predicted")
        await dashboard.press("w", str(other))
        await dashboard.wait_for_text(f"why not {other}?")
        screen = dashboard.app.screen
        assert isinstance(screen, ModelScreen)
        assert screen.explanation is not None
        assert [one.label for one in screen.explanation.saliencies] == [result.prediction.best.index, other]

    with_dashboard(scenario, tmp_path, has_job=False)


def test_the_image_is_laid_on_the_draw_screen(tmp_path: Path) -> None:
    trained_run(tmp_path)

    async def scenario(dashboard: OpenDashboard) -> None:
        screen = await seen(dashboard)
        explanation = screen.explanation
        assert explanation is not None
        await dashboard.press("d")
        await dashboard.wait_for_text("Test image 0 · label ")
        drawing = cast(DrawScreen, dashboard.app.screen).canvas.drawing()
        assert drawing.ink.tobytes() == explanation.image.pixels.numpy().tobytes()

    with_dashboard(scenario, tmp_path, has_job=False)


def test_another_run_is_chosen_with_its_own_layers(tmp_path: Path) -> None:
    trained_run(tmp_path, "first", model="linear")
    trained_run(tmp_path, "second")

    async def scenario(dashboard: OpenDashboard) -> None:
        await seen(dashboard)
        await dashboard.wait_for_text("second · best weights")
        await dashboard.press("N")
        await dashboard.wait_for_text("first", "in training, else the newest finished")
        await dashboard.press("end", "enter")
        await dashboard.wait_for_text("first · best weights")
        await dashboard.press("N")
        await dashboard.wait_for_text("in training, else the newest")
        await dashboard.press("home", "enter")
        await dashboard.wait_for_text("second · best weights", "block1.conv1")

    with_dashboard(scenario, tmp_path, has_job=False)


def test_the_movement_takes_the_place_of_the_sizes(tmp_path: Path) -> None:
    trained_run(tmp_path)

    async def scenario(dashboard: OpenDashboard) -> None:
        await seen(dashboard)
        assert "MACs" in dashboard.app.screen.query_one(LayersTable).heads
        await dashboard.press("v")
        await dashboard.wait_for_text("‖w‖", "‖∇‖", "update/weight", "1.2e-3", "5.0e-1")
        await dashboard.press("v")
        await dashboard.until(lambda: "MACs" in dashboard.app.screen.query_one(LayersTable).heads)

    with_dashboard(scenario, tmp_path, size=(140, 40), has_job=False)


def test_without_trained_weights_it_says_what_to_do(tmp_path: Path) -> None:
    trained_run(tmp_path, model="linear")  # of another network

    async def scenario(dashboard: OpenDashboard) -> None:
        await opened(dashboard)
        await dashboard.wait_for_text("has not been trained yet", "block1.conv1", "before training")
        await dashboard.wait_for_text("reference · initial weights")

    with_dashboard(scenario, tmp_path, has_job=False)


def test_a_training_is_looked_at_live(tmp_path: Path) -> None:
    """Snapshot after snapshot, without the training's random numbers; its movement as it is told."""
    run = trained_run(tmp_path, "a-run")
    weights = models.load_model("reference").state_dict()
    config = TrainConfig(dataset="mnist")

    async def scenario(dashboard: OpenDashboard) -> None:
        await dashboard.report(run_started(), MOVED)
        await dashboard.until(lambda: dashboard.app.session.history.weight_updates)
        live = dashboard.job.controls[0].snapshots
        screen = await opened(dashboard)
        await dashboard.wait_for_text("Waiting for the first steps")
        live.publish(Snapshot(run, config, weights, epoch=2, step=5, steps=10, test_accuracy=None))
        await dashboard.report(MOVED)
        await dashboard.until(lambda: screen.explanation is not None)
        first = screen.explanation
        await dashboard.wait_for_text("live, epoch 2, step 5 of 10 · a-run", "Test image 0 · ")
        await dashboard.until(lambda: live.is_requested)
        live.publish(Snapshot(run, config, weights, epoch=2, step=6, steps=10, test_accuracy=None))

        async def newer() -> None:
            while screen.explanation is first:
                await dashboard.report(MOVED)
                await dashboard.pilot.pause(0.1)

        await asyncio.wait_for(newer(), PATIENCE)

    with_dashboard(scenario, tmp_path)


def test_data_that_are_not_to_be_had_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained_run(tmp_path)

    def fail(*_: object, **__: object) -> None:
        raise datasets.DataError("mnist is not available", remedy="Fetch it.")

    monkeypatch.setattr(datasets, "load_test_set", fail)

    async def scenario(dashboard: OpenDashboard) -> None:
        await opened(dashboard)
        await dashboard.wait_for_text("mnist is not available", "Fetch it.")

    with_dashboard(scenario, tmp_path, has_job=False)
