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
from tests.tui.app_support import SIZES, OpenDashboard, with_dashboard
from tests.tui.draw_support import (
    drag,
    draw_across,
    draw_down,
    ink,
    open_draw,
    screen,
    wait_for_answer,
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
    async def scenario(dashboard: OpenDashboard) -> None:
        await open_draw(dashboard)
        await dashboard.wait_for_text(
            "Nothing is drawn yet", "Network input", "best weights, epoch 1 · lines", "Test image", "pen up"
        )
        await draw_down(dashboard)
        await wait_for_answer(dashboard, "1")
        await dashboard.wait_for_text("next: ", "w why", "Label & save")
        pad, panel = screen(dashboard).query_one(DrawingPad), screen(dashboard).query_one("#canvas")
        assert pad.size.width == 2 * pad.size.height
        assert pad.region.height >= min(0.8 * size[1] - 3, 56)
        assert panel.region.contains_region(pad.region)
        bars = screen(dashboard).query_one("ProbabilityBars").region
        assert bars.right == size[0]
        assert bars.width >= 14

    with_dashboard(scenario, trained, has_job=False, size=size)


def test_the_mouse_draws_and_the_answer_follows(trained: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await open_draw(dashboard)
        await draw_across(dashboard)
        await wait_for_answer(dashboard, "7")
        await dashboard.press("delete")
        await dashboard.wait_for_text("Nothing is drawn yet")
        await draw_down(dashboard)
        await wait_for_answer(dashboard, "1")

    with_dashboard(scenario, trained, has_job=False)


def test_a_network_that_is_not_sure_says_so(trained: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await open_draw(dashboard)
        await draw_down(dashboard)
        await draw_across(dashboard)
        await wait_for_answer(dashboard, "not sure")
        await dashboard.wait_for_text("not sure", "perhaps")

    with_dashboard(scenario, trained, has_job=False)


def test_a_leap_of_the_mouse_leaves_no_gap(trained: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await open_draw(dashboard)
        await drag(dashboard, (0.1, 0.1), (0.9, 0.9))
        field = screen(dashboard).canvas.ink
        assert min(field[i, i] for i in range(20, 92)) > 0.9

    with_dashboard(scenario, trained, has_job=False)


def test_a_stroke_goes_on_outside_the_canvas_and_comes_back(trained: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await open_draw(dashboard)
        await dashboard.pilot.mouse_down(DrawingPad, offset=(30, 10))
        await dashboard.pilot.hover("#result", offset=(20, 10))
        assert screen(dashboard).canvas.is_drawing
        await dashboard.pilot.mouse_up("#result", offset=(20, 10))
        assert not screen(dashboard).canvas.is_drawing
        before = ink(dashboard)
        await dashboard.pilot.hover(DrawingPad, offset=(5, 25))
        assert ink(dashboard) == before, "the button is up"

    with_dashboard(scenario, trained, has_job=False)


def test_the_right_button_erases(trained: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await open_draw(dashboard)
        await draw_down(dashboard)
        await draw_across(dashboard)
        await wait_for_answer(dashboard, "not sure")
        await drag(dashboard, (0.1, 0.5), (0.38, 0.5), button=3)
        await drag(dashboard, (0.62, 0.5), (0.9, 0.5), button=3)
        await wait_for_answer(dashboard, "1")

    with_dashboard(scenario, trained, has_job=False)


def test_keys_alone_draw(trained: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await open_draw(dashboard)
        await dashboard.press("space", *["down"] * 14)
        await dashboard.wait_for_text("pen down")
        await wait_for_answer(dashboard, "1")
        await dashboard.press("space")
        await dashboard.wait_for_text("pen up")
        before = ink(dashboard)
        await dashboard.press("up", "left", "shift+left")
        assert ink(dashboard) == before

    with_dashboard(scenario, trained, has_job=False)


def test_the_pen_goes_in_eight_directions_and_stays_on_the_canvas(trained: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await open_draw(dashboard)
        pad = screen(dashboard).query_one(DrawingPad)
        start = pad.pen
        for there, back in (("up", "down"), ("left", "right"), ("home", "pagedown"), ("pageup", "end")):
            await dashboard.press(there)
            assert pad.pen != start
            await dashboard.press(back)
            assert pad.pen == pytest.approx(start)
        await dashboard.press(*["shift+home"] * 20)
        assert pad.pen == (0.0, 0.0)
        await dashboard.press(*["shift+pagedown"] * 20)
        assert pad.pen == (1.0, 1.0)

    with_dashboard(scenario, trained, has_job=False)


def test_an_eraser_works_with_keys_and_mouse(trained: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await open_draw(dashboard)
        await dashboard.press("space", "down", "space", "b")
        await dashboard.wait_for_text("eraser up")
        await dashboard.press("space", "up", "space")
        assert ink(dashboard) == 0
        await draw_down(dashboard)
        assert ink(dashboard) == 0
        await dashboard.press("b")
        await dashboard.wait_for_text("pen up")
        await draw_down(dashboard)
        assert ink(dashboard) > 0

    with_dashboard(scenario, trained, has_job=False)


def test_undo_redo_clear_and_invert(trained: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await open_draw(dashboard)
        assert "Undo" not in dashboard.footer
        await draw_down(dashboard)
        await dashboard.wait_for_text("u Undo", "Del Clear")
        await draw_across(dashboard)
        await wait_for_answer(dashboard, "not sure")
        await dashboard.press("u")
        await wait_for_answer(dashboard, "1")
        await dashboard.press("ctrl+y")
        await wait_for_answer(dashboard, "not sure")
        await dashboard.press("delete")
        await dashboard.wait_for_text("Nothing is drawn yet")
        await dashboard.press("u", "tilde")
        assert ink(dashboard) > 0.5

    with_dashboard(scenario, trained, has_job=False)


def test_the_pen_is_up_after_clearing(trained: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await open_draw(dashboard)
        await dashboard.press("space", "down", "down", "delete", "down")
        assert ink(dashboard) == 0
        await dashboard.wait_for_text("pen up")

    with_dashboard(scenario, trained, has_job=False)


def test_without_a_run_the_picture_is_there_and_what_to_do(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await open_draw(dashboard)
        await dashboard.wait_for_text("No network yet.", "Train one: press n.")
        await draw_down(dashboard)
        await dashboard.until(lambda: screen(dashboard).result.pixels is not None)
        assert screen(dashboard).result.pixels.shape == (28, 28)

    with_dashboard(scenario, tmp_path, has_job=False)


def test_the_picture_is_what_the_network_gets(trained: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await open_draw(dashboard)
        await drag(dashboard, (0.1, 0.1), (0.1, 0.3))
        await wait_for_answer(dashboard, "1")
        pixels = screen(dashboard).result.pixels
        rows, columns = (np.flatnonzero((pixels > 64).any(axis=axis)) for axis in (1, 0))
        assert (len(rows), rows[0]) == (pytest.approx(20, abs=1), pytest.approx(4, abs=1))
        assert columns.mean() == pytest.approx(14, abs=1)

    with_dashboard(scenario, trained, has_job=False)


def test_a_network_that_wants_digits_upright_gets_and_shows_them_so(tmp_path: Path) -> None:
    write_line_reader(tmp_path / "runs", deskew=1.0, interpolation="bilinear")

    async def scenario(dashboard: OpenDashboard) -> None:
        await open_draw(dashboard)
        await drag(dashboard, (0.65, 0.1), (0.35, 0.9))
        await wait_for_answer(dashboard, "1")
        result = screen(dashboard).result
        drawn, seen = (
            make_deskew_maps(as_tensor(picture), 1.0)[0, 0, 1] for picture in (result.pixels, result.input_pixels)
        )
        assert drawn < -0.2
        assert abs(seen) < 0.05
        shown = screen(dashboard).query_one(GrayImage)._levels
        assert (shown == levels_of(result.input_pixels / 255)).all()

    with_dashboard(scenario, tmp_path, has_job=False)


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

    async def scenario(dashboard: OpenDashboard) -> None:
        await dashboard.press("4")
        await dashboard.until(lambda: isinstance(dashboard.app.screen, DrawScreen))
        await dashboard.press("t")
        assert screen(dashboard).result is None
        may_read.set()
        await dashboard.wait_for_text("Test image 0 · label 2")
        assert asked == ["kmnist"]

    with_dashboard(scenario, trained, has_job=False)


def test_test_images_are_loaded_one_after_the_other_and_altered(trained: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await open_draw(dashboard)
        await dashboard.press("t")
        await dashboard.wait_for_text("Test image 0 · label 2")
        await dashboard.press("t")
        await dashboard.wait_for_text("Test image 1 · label 3")
        before = screen(dashboard).canvas.drawing()
        assert before.is_mnist_format
        await drag(dashboard, (0.5, 0.1), (0.5, 0.2))
        altered = screen(dashboard).canvas.drawing()
        assert altered.is_mnist_format
        assert np.array_equal(altered.ink[10:], before.ink[10:])
        await dashboard.press("u", "u")
        await dashboard.wait_for_text("Test image 0 · label 2")
        await dashboard.press("u")
        await dashboard.wait_for_text("─ Draw ─")

    with_dashboard(scenario, trained, has_job=False)


def test_a_test_image_is_asked_for_by_digit_or_by_number(trained: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await open_draw(dashboard)
        await dashboard.press("i")
        await dashboard.type("7")
        await dashboard.press("enter")
        await dashboard.wait_for_text("Test image 5 · label 7")
        await dashboard.press("i")
        await dashboard.type("#1234")
        await dashboard.press("enter")
        await dashboard.wait_for_text("Test image 1,234 · label 6")
        await dashboard.press("i")
        await dashboard.type("99999")
        await dashboard.press("enter")
        await dashboard.until(lambda: "no test image 99,999" in dashboard.toasts)
        await dashboard.until(lambda: "0 to 9,999" in dashboard.toasts)
        await dashboard.press("i")
        for nothing in (" ", "seven"):
            await dashboard.type(nothing)
            await dashboard.wait_for_text("A digit, or # and a number.")
            await dashboard.press("enter")  # is refused
        await dashboard.press("escape")
        await dashboard.wait_for_text("Test image 1,234")

    with_dashboard(scenario, trained, has_job=False)


# Corrections


def test_a_correction_is_kept_as_the_network_got_it(trained: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await open_draw(dashboard)
        assert "Label" not in dashboard.footer
        for digit, draw in (("4", draw_down), ("9", draw_across)):
            await draw(dashboard)
            await dashboard.press("enter")
            await dashboard.wait_for_text("Which digit was it?", " 8 ", " 9 ")
            await dashboard.press(digit)
            await dashboard.wait_for_text("Nothing is drawn yet")
        await dashboard.until(lambda: "Saved as a 9: my-digits has 2 now." in dashboard.toasts)

    with_dashboard(scenario, trained, has_job=False, size=(80, 24))
    kept = my_digits.load_all(trained / "data")
    assert kept.labels.tolist() == [4, 9]
    down, across = kept.images[:, 0].float()
    assert down[5:23, 13:15].mean() > 2 * down.mean()
    assert across[13:15, 5:23].mean() > 2 * across.mean()


def test_thinking_better_of_it_keeps_nothing(trained: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await open_draw(dashboard)
        await draw_down(dashboard)
        await dashboard.press("enter")
        await dashboard.wait_for_text("Which digit was it?", "my-digits")
        await dashboard.press("escape")
        assert ink(dashboard) > 0

    with_dashboard(scenario, trained, has_job=False)
    assert not (trained / "data" / "MyDigits").exists()


def test_what_cannot_be_kept_is_said_and_stays_on_the_canvas(trained: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        (trained / "data").write_text("a file where a folder should be")
        await open_draw(dashboard)
        await draw_down(dashboard)
        await dashboard.press("enter")
        await dashboard.pilot.click("#digit-9")
        await dashboard.until(lambda: "cannot be written" in dashboard.toasts)
        assert ink(dashboard) > 0

    with_dashboard(scenario, trained, has_job=False)


# Who reads


def test_any_run_can_be_chosen(trained: Path) -> None:
    write_line_reader(trained / "runs", "other", down=3, across=5, created="2026-11-20T00:00:00.000Z")

    async def scenario(dashboard: OpenDashboard) -> None:
        await open_draw(dashboard)
        await draw_down(dashboard)
        await wait_for_answer(dashboard, "1")
        await dashboard.press("N")
        await dashboard.wait_for_text("The network in training", "other  linear on synthetic")
        await dashboard.press("end", "enter")
        await wait_for_answer(dashboard, "3")
        await dashboard.wait_for_text("best weights, epoch 1 · other")
        await dashboard.press("N", "home", "enter")
        await wait_for_answer(dashboard, "1")

    with_dashboard(scenario, trained, has_job=False)


def test_better_weights_of_the_same_run_are_noticed(trained: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await open_draw(dashboard)
        await draw_down(dashboard)
        await wait_for_answer(dashboard, "1")
        (run,) = runs.list_runs(trained / "runs")
        other = write_line_reader(trained / "elsewhere", down=8)
        other.weights_file.replace(run.weights_file)
        await draw_down(dashboard)
        await wait_for_answer(dashboard, "8")

    with_dashboard(scenario, trained, has_job=False)


def test_a_run_that_became_the_newest_is_asked_on_coming_back(trained: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await open_draw(dashboard)
        await draw_down(dashboard)
        await wait_for_answer(dashboard, "1")
        await dashboard.press("5")
        write_line_reader(trained / "runs", "newer", down=6, created="2026-11-25T00:00:00.000Z")
        await dashboard.press("4")
        await wait_for_answer(dashboard, "6")

    with_dashboard(scenario, trained, has_job=False)


def test_weights_that_cannot_be_read_are_named(trained: Path) -> None:
    (run,) = runs.list_runs(trained / "runs")
    run.weights_file.write_bytes(b"no weights")

    async def scenario(dashboard: OpenDashboard) -> None:
        await open_draw(dashboard)
        line = screen(dashboard).query_one(PredictionLine)

        def shown_text() -> str:
            """In one line: where it is broken depends on how long the folder's name is."""
            rows = (line.render_line(row).text for row in range(line.size.height))
            return " ".join(" ".join(rows).split())

        await dashboard.until(
            lambda: "has no readable weights" in shown_text() and "Choose another run." in shown_text()
        )

    with_dashboard(scenario, trained, has_job=False)
