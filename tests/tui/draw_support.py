"""A network that tells a line down from a line across, so that a test knows what it will say; and a pen for tests."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import torch

from mnist_tui.config import IMAGE_SIZE
from mnist_tui.runs import Run
from mnist_tui.training import checkpoint
from mnist_tui.tui.canvas import Canvas
from mnist_tui.tui.screens.draw import DrawScreen
from mnist_tui.tui.widgets.drawing.drawing_pad import DrawingPad
from mnist_tui.tui.workers.digit_reader import DigitReader, ReadRequest
from mnist_tui.tui.workers.networks import SavedNetwork
from tests import sample_runs
from tests.tui.app_support import OpenDashboard

DOWN, ACROSS = 1, 7


def write_line_reader(
    runs_dir: Path, name: str = "lines", *, down: int = DOWN, across: int = ACROSS, **settings: Any
) -> Run:
    """A finished run whose best weights answer `down` and `across`, and are not sure of a cross."""
    settings = {"model": "linear", "dataset": "synthetic", **settings}
    run = sample_runs.write_finished(runs_dir, name, 0.9, **settings)
    weights = torch.zeros(10, 28, 28)
    weights[down, 4:24, 12:16] = 0.05
    weights[across, 12:16, 4:24] = 0.05
    bias = torch.zeros(10)
    bias[[down, across]] = 6.0  # a line fills about half of where it is looked for
    values = {"fc.weight": weights.view(10, -1), "fc.bias": bias}
    checkpoint.save_weights(run.weights_file, values, {"metrics": {"epoch": 1, "test_accuracy": 0.9}})
    return run


def warm_up() -> None:
    """Torch and all that an answer needs, loaded before a test waits for one."""
    with tempfile.TemporaryDirectory() as folder:
        runs_dir = Path(folder)
        write_line_reader(runs_dir)
        canvas = Canvas()
        canvas.begin((0.5, 0.1))
        canvas.move((0.5, 0.9))
        result = DigitReader().read(ReadRequest(canvas.drawing(), SavedNetwork(runs_dir)))
        assert result.prediction is not None
        assert result.prediction.text == str(DOWN)


def screen(dashboard: OpenDashboard) -> DrawScreen:
    assert isinstance(dashboard.app.screen, DrawScreen)
    return dashboard.app.screen


async def open_draw(dashboard: OpenDashboard) -> DrawScreen:
    """The Draw screen, once it knows who reads, and the canvas has its size."""
    await dashboard.press("4")
    await dashboard.until(lambda: isinstance(dashboard.app.screen, DrawScreen) and dashboard.app.screen.result)
    await dashboard.until(lambda: screen(dashboard).query_one(DrawingPad).size.width > IMAGE_SIZE)
    return screen(dashboard)


async def drag(dashboard: OpenDashboard, start: tuple[float, float], end: tuple[float, float], button: int = 1) -> None:
    """With the mouse, in one leap; points from 0 to 1."""
    size = dashboard.app.screen.query_one(DrawingPad).size
    cells = [(int(x * (size.width - 1)), int(y * (size.height - 1))) for x, y in (start, end)]
    await dashboard.pilot.mouse_down(DrawingPad, offset=cells[0], button=button)
    await dashboard.pilot.hover(DrawingPad, offset=cells[1])
    await dashboard.pilot.mouse_up(DrawingPad, offset=cells[1])


async def draw_down(dashboard: OpenDashboard) -> None:
    await drag(dashboard, (0.5, 0.1), (0.5, 0.9))


async def draw_across(dashboard: OpenDashboard) -> None:
    await drag(dashboard, (0.1, 0.5), (0.9, 0.5))


def ink(dashboard: OpenDashboard) -> float:
    return float(screen(dashboard).canvas.ink.mean())


async def wait_for_answer(dashboard: OpenDashboard, words: str) -> None:
    """Wait until the answer to what is on the canvas now is this."""

    def is_answered() -> bool:
        result = screen(dashboard).result
        answer = result.prediction if result else None
        return answer is not None and answer.text == words

    await dashboard.until(is_answered)
