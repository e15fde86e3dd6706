"""Drawing with the mouse and with keys alone, and the answer that follows."""

from __future__ import annotations

import dataclasses
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from mnist_tui import runs
from mnist_tui.data import my_digits
from mnist_tui.data.deskew import make_deskew_maps
from mnist_tui.tui.canvas import Pixels
from mnist_tui.tui.screens.draw import DrawScreen
from mnist_tui.tui.widgets.drawing.drawing_pad import DrawingPad
from mnist_tui.tui.widgets.drawing.gray_lines import levels_of
from mnist_tui.tui.widgets.drawing.input_image import GrayImage
from mnist_tui.tui.widgets.drawing.prediction_view import PredictionLine
from mnist_tui.tui.workers.digit_reader import DigitReader, ReadRequest, ReadResult
from mnist_tui.tui.workers.test_images import FoundImage, ImageRequest, TestImages
from tests.cli import easy_digits
from tests.patience import PATIENCE
from tests.tui.app_support import SIZES, House, in_the_house
from tests.tui.draw_support import (
    drag,
    draw_across,
    draw_down,
    ink,
    open_draw,
    says,
    screen,
    warm_up,
    write_line_reader,
)


@pytest.fixture(scope="module", autouse=True)
def _warm() -> None:
    warm_up()


@pytest.fixture
def trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a run that reads lines, and test images at no cost."""
    monkeypatch.setitem(sys.modules, "mnist_tui.data.synthetic", easy_digits.module())
    write_line_reader(tmp_path / "runs")
    return tmp_path


@pytest.mark.parametrize("size", SIZES)
def test_everything_is_there_at_any_size(trained: Path, size: tuple[int, int]) -> None:
    async def story(house: House) -> None:
        await open_draw(house)
        await house.sees(
            "nothing drawn yet", "What the network gets", "best, epoch 1 · lines", "Test image", "pen up"
        )
        await draw_down(house)
        await says(house, "1")
        await house.sees(" % sure", "That was a …")
        pad, panel = screen(house).query_one(DrawingPad), screen(house).query_one("#canvas")
        assert pad.size.width == 2 * pad.size.height
        assert pad.region.height >= min(0.8 * size[1] - 3, 56)
        assert panel.region.contains_region(pad.region)
        bars = screen(house).query_one("ProbabilityBars").region
        assert bars.right == size[0]
        assert bars.width >= 14

    in_the_house(story, trained, begun=False, size=size)


def test_the_mouse_draws_and_the_answer_follows(trained: Path) -> None:
    async def story(house: House) -> None:
        await open_draw(house)
        await draw_across(house)
        await says(house, "7")
        await house.press("c")
        await house.sees("nothing drawn yet")
        await draw_down(house)
        await says(house, "1")

    in_the_house(story, trained, begun=False)


def test_a_network_that_is_not_sure_says_so(trained: Path) -> None:
    async def story(house: House) -> None:
        await open_draw(house)
        await draw_down(house)
        await draw_across(house)
        await says(house, "not sure")
        await house.sees("not sure", "perhaps")

    in_the_house(story, trained, begun=False)


def test_a_leap_of_the_mouse_leaves_no_gap(trained: Path) -> None:
    async def story(house: House) -> None:
        await open_draw(house)
        await drag(house, (0.1, 0.1), (0.9, 0.9))
        field = screen(house).canvas.field
        assert min(field[i, i] for i in range(20, 92)) > 0.9

    in_the_house(story, trained, begun=False)


def test_a_stroke_goes_on_outside_the_canvas_and_comes_back(trained: Path) -> None:
    async def story(house: House) -> None:
        await open_draw(house)
        await house.pilot.mouse_down(DrawingPad, offset=(30, 10))
        await house.pilot.hover("#seen", offset=(20, 10))
        assert screen(house).canvas.is_drawing
        await house.pilot.mouse_up("#seen", offset=(20, 10))
        assert not screen(house).canvas.is_drawing
        before = ink(house)
        await house.pilot.hover(DrawingPad, offset=(5, 25))
        assert ink(house) == before, "the button is up"

    in_the_house(story, trained, begun=False)


def test_the_right_button_erases(trained: Path) -> None:
    async def story(house: House) -> None:
        await open_draw(house)
        await draw_down(house)
        await draw_across(house)
        await says(house, "not sure")
        await drag(house, (0.1, 0.5), (0.38, 0.5), button=3)
        await drag(house, (0.62, 0.5), (0.9, 0.5), button=3)
        await says(house, "1")

    in_the_house(story, trained, begun=False)


def test_keys_alone_draw(trained: Path) -> None:
    async def story(house: House) -> None:
        await open_draw(house)
        await house.press("space", *["down"] * 14)
        await house.sees("pen down")
        await says(house, "1")
        await house.press("space")
        await house.sees("pen up")
        before = ink(house)
        await house.press("up", "left", "shift+left")
        assert ink(house) == before

    in_the_house(story, trained, begun=False)


def test_the_pen_goes_in_eight_directions_and_stays_on_the_canvas(trained: Path) -> None:
    async def story(house: House) -> None:
        await open_draw(house)
        pad = screen(house).query_one(DrawingPad)
        start = pad.pen
        for there, back in (("up", "down"), ("left", "right"), ("home", "pagedown"), ("pageup", "end")):
            await house.press(there)
            assert pad.pen != start
            await house.press(back)
            assert pad.pen == pytest.approx(start)
        await house.press(*["shift+home"] * 20)
        assert pad.pen == (0.0, 0.0)
        await house.press(*["shift+pagedown"] * 20)
        assert pad.pen == (1.0, 1.0)

    in_the_house(story, trained, begun=False)


def test_an_eraser_works_with_keys_and_mouse(trained: Path) -> None:
    async def story(house: House) -> None:
        await open_draw(house)
        await house.press("space", "down", "space", "e")
        await house.sees("eraser up")
        await house.press("space", "up", "space")
        assert ink(house) == 0
        await draw_down(house)
        assert ink(house) == 0
        await house.press("e")
        await house.sees("pen up")
        await draw_down(house)
        assert ink(house) > 0

    in_the_house(story, trained, begun=False)


def test_undo_redo_clear_and_invert(trained: Path) -> None:
    async def story(house: House) -> None:
        await open_draw(house)
        assert "Undo" not in house.footer
        await draw_down(house)
        await house.sees("u Undo", "c Clear")
        await draw_across(house)
        await says(house, "not sure")
        await house.press("u")
        await says(house, "1")
        await house.press("r")
        await says(house, "not sure")
        await house.press("c")
        await house.sees("nothing drawn yet")
        await house.press("u", "i")
        assert ink(house) > 0.5

    in_the_house(story, trained, begun=False)


def test_the_pen_is_up_after_clearing(trained: Path) -> None:
    async def story(house: House) -> None:
        await open_draw(house)
        await house.press("space", "down", "down", "c", "down")
        assert ink(house) == 0
        await house.sees("pen up")

    in_the_house(story, trained, begun=False)


def test_without_a_run_the_picture_is_there_and_what_to_do(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await open_draw(house)
        await house.sees("no network yet", "Train one: press 1, then n.")
        await draw_down(house)
        await house.until(lambda: screen(house).result.pixels is not None)
        assert screen(house).result.pixels.shape == (28, 28)

    in_the_house(story, tmp_path, begun=False)


def test_the_picture_is_what_the_network_gets(trained: Path) -> None:
    async def story(house: House) -> None:
        await open_draw(house)
        await drag(house, (0.1, 0.1), (0.1, 0.3))
        await says(house, "1")
        pixels = screen(house).result.pixels
        rows, columns = (np.flatnonzero((pixels > 64).any(axis=axis)) for axis in (1, 0))
        assert (len(rows), rows[0]) == (pytest.approx(20, abs=1), pytest.approx(4, abs=1))
        assert columns.mean() == pytest.approx(14, abs=1)

    in_the_house(story, trained, begun=False)


def test_a_network_that_wants_digits_upright_gets_and_shows_them_so(tmp_path: Path) -> None:
    write_line_reader(tmp_path / "runs", deskew=1.0, interpolation="bilinear")

    async def story(house: House) -> None:
        await open_draw(house)
        await drag(house, (0.65, 0.1), (0.35, 0.9))
        await says(house, "1")
        result = screen(house).result
        drawn, seen = (
            make_deskew_maps(as_tensor(picture), 1.0)[0, 0, 1]
            for picture in (result.pixels, result.input_pixels)
        )
        assert drawn < -0.2
        assert abs(seen) < 0.05
        shown = screen(house).query_one(GrayImage)._levels
        assert (shown == levels_of(result.input_pixels / 255)).all()

    in_the_house(story, tmp_path, begun=False)


def as_tensor(pixels: Pixels) -> torch.Tensor:
    return torch.from_numpy(pixels.copy()).view(1, 1, 28, 28)


# Test images


def test_a_test_image_that_is_wanted_before_the_network_is_there_is_of_its_dataset(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    may_read = threading.Event()
    find, read = TestImages.find, DigitReader.read

    def finding(images: TestImages, wanted: ImageRequest) -> FoundImage:
        asked.append(wanted.dataset)
        return find(images, dataclasses.replace(wanted, dataset="synthetic"))

    def reading(reader: DigitReader, wanted: ReadRequest) -> ReadResult:
        may_read.wait(PATIENCE)
        return dataclasses.replace(read(reader, wanted), dataset="kmnist")

    monkeypatch.setattr(TestImages, "find", finding)
    monkeypatch.setattr(DigitReader, "read", reading)

    async def story(house: House) -> None:
        await house.press("4")
        await house.until(lambda: isinstance(house.app.screen, DrawScreen))
        await house.press("t")
        assert screen(house).result is None
        may_read.set()
        await house.sees("Test image 0 · labelled 2")
        assert asked == ["kmnist"]

    in_the_house(story, trained, begun=False)


def test_test_images_are_loaded_one_after_the_other_and_altered(trained: Path) -> None:
    async def story(house: House) -> None:
        await open_draw(house)
        await house.press("t")
        await house.sees("Test image 0 · labelled 2")
        await house.press("t")
        await house.sees("Test image 1 · labelled 3")
        before = screen(house).canvas.drawing()
        assert before.is_framed
        await drag(house, (0.5, 0.1), (0.5, 0.2))
        altered = screen(house).canvas.drawing()
        assert altered.is_framed
        assert np.array_equal(altered.ink[10:], before.ink[10:])
        await house.press("u", "u")
        await house.sees("Test image 0 · labelled 2")
        await house.press("u")
        await house.sees("─ Draw ─")

    in_the_house(story, trained, begun=False)


def test_a_test_image_is_asked_for_by_digit_or_by_number(trained: Path) -> None:
    async def story(house: House) -> None:
        await open_draw(house)
        await house.press("T")
        await house.type("7")
        await house.press("enter")
        await house.sees("Test image 5 · labelled 7")
        await house.press("T")
        await house.type("#1234")
        await house.press("enter")
        await house.sees("Test image 1,234 · labelled 6")
        await house.press("T")
        await house.type("99999")
        await house.press("enter")
        await house.until(lambda: "no test image 99,999" in house.toasts)
        assert "0 to 9,999" in house.toasts
        await house.press("T")
        for nothing in (" ", "seven"):
            await house.type(nothing)
            await house.sees("A digit, or # and a number.")
            await house.press("enter")  # is refused
        await house.press("escape")
        await house.sees("Test image 1,234")

    in_the_house(story, trained, begun=False)


# Corrections


def test_a_correction_is_kept_as_the_network_got_it(trained: Path) -> None:
    async def story(house: House) -> None:
        await open_draw(house)
        assert "That was" not in house.footer
        for digit, draw in (("4", draw_down), ("9", draw_across)):
            await draw(house)
            await house.press("enter")
            await house.sees("That was a …", " 8 ", " 9 ")
            await house.press(digit)
            await house.sees("nothing drawn yet")
        assert "Kept as a 9: my-digits has 2 now." in house.toasts

    in_the_house(story, trained, begun=False, size=(80, 24))
    kept = my_digits.load_all(trained / "data")
    assert kept.labels.tolist() == [4, 9]
    down, across = kept.images[:, 0].float()
    assert down[5:23, 13:15].mean() > 2 * down.mean()
    assert across[13:15, 5:23].mean() > 2 * across.mean()


def test_thinking_better_of_it_keeps_nothing(trained: Path) -> None:
    async def story(house: House) -> None:
        await open_draw(house)
        await draw_down(house)
        await house.press("enter")
        await house.sees("That was a …", "Press its digit")
        await house.press("escape")
        assert ink(house) > 0

    in_the_house(story, trained, begun=False)
    assert not (trained / "data" / "MyDigits").exists()


def test_what_cannot_be_kept_is_said_and_stays_on_the_canvas(trained: Path) -> None:
    async def story(house: House) -> None:
        (trained / "data").write_text("a file where a folder should be")
        await open_draw(house)
        await draw_down(house)
        await house.press("enter")
        await house.pilot.click("#digit-9")
        await house.until(lambda: "cannot be written" in house.toasts)
        assert ink(house) > 0

    in_the_house(story, trained, begun=False)


# Who reads


def test_any_run_can_be_chosen(trained: Path) -> None:
    write_line_reader(trained / "runs", "other", down=3, across=5, created="2026-11-20T00:00:00.000Z")

    async def story(house: House) -> None:
        await open_draw(house)
        await draw_down(house)
        await says(house, "1")
        await house.press("n")
        await house.sees("The network in training", "other  linear on synthetic")
        await house.press("end", "enter")
        await says(house, "3")
        await house.sees("best, epoch 1 · other")
        await house.press("n", "home", "enter")
        await says(house, "1")

    in_the_house(story, trained, begun=False)


def test_better_weights_of_the_same_run_are_noticed(trained: Path) -> None:
    async def story(house: House) -> None:
        await open_draw(house)
        await draw_down(house)
        await says(house, "1")
        (run,) = runs.list_runs(trained / "runs")
        other = write_line_reader(trained / "elsewhere", down=8)
        other.weights_file.replace(run.weights_file)
        await draw_down(house)
        await says(house, "8")

    in_the_house(story, trained, begun=False)


def test_a_run_that_became_the_newest_is_asked_on_coming_back(trained: Path) -> None:
    async def story(house: House) -> None:
        await open_draw(house)
        await draw_down(house)
        await says(house, "1")
        await house.press("5")
        write_line_reader(trained / "runs", "newer", down=6, created="2026-11-25T00:00:00.000Z")
        await house.press("4")
        await says(house, "6")

    in_the_house(story, trained, begun=False)


def test_weights_that_cannot_be_read_are_named(trained: Path) -> None:
    (run,) = runs.list_runs(trained / "runs")
    run.weights_file.write_bytes(b"no weights")

    async def story(house: House) -> None:
        await open_draw(house)
        line = screen(house).query_one(PredictionLine)

        def said() -> str:
            """In one line: where it is broken depends on how long the folder's name is."""
            rows = (line.render_line(row).text for row in range(line.size.height))
            return " ".join(" ".join(rows).split())

        await house.until(lambda: "has no readable weights" in said() and "Choose another run." in said())

    in_the_house(story, trained, begun=False)
