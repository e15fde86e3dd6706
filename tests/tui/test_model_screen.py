"""Screen 2: the layers, and with trained weights what they make of test images."""

from __future__ import annotations

import asyncio
from pathlib import Path

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
from tests import made_runs
from tests.engine_fixtures import tiny_dataset
from tests.patience import PATIENCE
from tests.tui.app_support import SIZES, House, begun, in_the_house

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
    run = made_runs.write(folder / "runs", name, MOVED, model=model, dataset="mnist")
    checkpoint.save_weights(
        run.weights_file, models.load_model(model).state_dict(), {"metrics": {"epoch": 3}}
    )
    return run


async def opened(house: House) -> ModelScreen:
    await house.press("2")
    await house.until(lambda: isinstance(house.app.screen, ModelScreen))
    screen = house.app.screen
    assert isinstance(screen, ModelScreen)
    return screen


async def seen(house: House) -> ModelScreen:
    screen = await opened(house)
    await house.until(lambda: screen.explanation is not None and screen.summary is not None)
    await house.pilot.pause()
    return screen


@pytest.mark.parametrize("size", SIZES)
def test_layers_image_and_maps_at_every_size(tmp_path: Path, size: tuple[int, int]) -> None:
    trained_run(tmp_path)

    async def story(house: House) -> None:
        await seen(house)
        await house.sees(
            "block1.conv1", "Image 0 · ", "Feature maps · block1.conv1 · 8×28×28", "6,790 parameters"
        )
        await house.sees("done · best weights, epoch 3")
        if size[0] > 80:
            await house.sees("Filters of block1.conv1", "✓", "6 BatchNorm2d")
        if size[0] == 200:
            await house.sees("‖w‖", "1.2e-3", "fewer than 8,000")

    in_the_house(story, tmp_path, size=size, begun=False)


@pytest.mark.parametrize("size", [(80, 24), (120, 24), (80, 40)])
def test_filters_and_requirements_take_the_layers_place_where_room_is_scarce(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    trained_run(tmp_path)

    async def story(house: House) -> None:
        await seen(house)
        assert "Requirements" not in house.text
        await house.press("f")
        await house.sees("Filters of block1.conv1", "✓", "6 BatchNorm2d")
        assert "block3.conv2" not in house.text
        await house.press("f")
        await house.sees("block1.conv2", "Image 0 · ")
        assert "Requirements" not in house.text

    in_the_house(story, tmp_path, size=size, begun=False)


def test_another_layer_another_image_another_digit(tmp_path: Path) -> None:
    trained_run(tmp_path)

    async def story(house: House) -> None:
        screen = await seen(house)
        await house.press("down", "down", "down", "down", "down", "down")
        await house.sees("Feature maps · block1.pool · 8×14×14")
        await house.press("full_stop")
        await house.sees("Image 1 · ")
        await house.press("comma", "comma")
        await house.sees("Image 0 · ")
        await house.press("d")
        await house.until(lambda: screen.explanation is not None and " · 0" in screen.explanation.image.name)
        await house.sees("· 0 read as")
        await house.press("D", "w")
        await house.sees("by gradient")
        await house.sees("Image 0 · ")

    in_the_house(story, tmp_path, begun=False)


def test_ones_own_drawing_in_place_of_a_test_image(tmp_path: Path) -> None:
    trained_run(tmp_path)

    async def story(house: House) -> None:
        await seen(house)
        await house.press("y")
        await house.until(lambda: any("screen 4" in note.message for note in house.app._notifications))
        await house.press("4")
        await house.until(lambda: isinstance(house.app.screen, DrawScreen))
        await house.press("space", "down", "down", "down", "down", "down", "down", "down", "down")
        await house.until(lambda: house.app.workspace.drawing is not None)
        await house.press("2", "y")
        await house.sees("Your drawing read as", "Feature maps · block1.conv1")
        screen = house.app.screen
        assert isinstance(screen, ModelScreen)
        assert screen.explanation is not None
        assert screen.explanation.image.pixels.numpy().tobytes() == house.app.workspace.drawing
        await house.press("y")
        await house.sees("Image 0 · ")

    in_the_house(story, tmp_path, begun=False)


def test_another_run_is_chosen_with_its_own_layers(tmp_path: Path) -> None:
    trained_run(tmp_path, "first", model="linear")
    trained_run(tmp_path, "second")

    async def story(house: House) -> None:
        await seen(house)
        await house.sees("second · best weights")
        await house.press("n")
        await house.sees("first", "in training, else the newest")
        await house.press("end", "enter")
        await house.sees("first · best weights")
        await house.press("n")
        await house.sees("in training, else the newest")
        await house.press("home", "enter")
        await house.sees("second · best weights", "block1.conv1")

    in_the_house(story, tmp_path, begun=False)


def test_the_movement_takes_the_place_of_the_sizes(tmp_path: Path) -> None:
    trained_run(tmp_path)

    async def story(house: House) -> None:
        await seen(house)
        assert "MACs" in house.app.screen.query_one(LayersTable).heads
        await house.press("m")
        await house.sees("‖w‖", "‖∇‖", "Δ/w", "1.2e-3", "5.0e-1")
        await house.press("m")
        await house.until(lambda: "MACs" in house.app.screen.query_one(LayersTable).heads)

    in_the_house(story, tmp_path, begun=False)


def test_without_trained_weights_it_says_what_to_do(tmp_path: Path) -> None:
    trained_run(tmp_path, model="linear")  # of another network

    async def story(house: House) -> None:
        await opened(house)
        await house.sees("has not been trained yet", "block1.conv1")

    in_the_house(story, tmp_path, begun=False)


def test_a_training_is_looked_at_live(tmp_path: Path) -> None:
    """Snapshot after snapshot, without the training's random numbers; its movement as it is told."""
    run = trained_run(tmp_path, "a-run")
    weights = models.load_model("reference").state_dict()
    config = TrainConfig(dataset="mnist")

    async def story(house: House) -> None:
        await house.tell(begun(), MOVED)
        await house.until(lambda: house.app.session.history.weight_updates)
        live = house.job.controls[0].snapshots
        screen = await opened(house)
        await house.sees("The first steps are on their way")
        live.publish(Snapshot(run, config, weights, epoch=2, step=5, steps=10, test_accuracy=None))
        await house.tell(MOVED)
        await house.until(lambda: screen.explanation is not None)
        first = screen.explanation
        await house.sees("live weights, epoch 2, step 5 of 10", "Image 0 · ")
        await house.until(lambda: live.requested)
        live.publish(Snapshot(run, config, weights, epoch=2, step=6, steps=10, test_accuracy=None))

        async def newer() -> None:
            while screen.explanation is first:
                await house.tell(MOVED)
                await house.pilot.pause(0.1)

        await asyncio.wait_for(newer(), PATIENCE)

    in_the_house(story, tmp_path)


def test_data_that_are_not_to_be_had_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained_run(tmp_path)

    def fail(*_: object, **__: object) -> None:
        raise datasets.DataError("mnist is not to be had", remedy="Fetch it.")

    monkeypatch.setattr(datasets, "load_test_set", fail)

    async def story(house: House) -> None:
        await opened(house)
        await house.sees("mnist is not to be had", "Fetch it.")

    in_the_house(story, tmp_path, begun=False)
