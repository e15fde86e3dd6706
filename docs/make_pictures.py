"""Make the README's pictures from a real run: `make pictures RUN=latest`."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from itertools import takewhile, zip_longest
from pathlib import Path

from rich.console import Console

from mnist_tui import recipes, runs
from mnist_tui.cli.views.run_statistics import statistics_panel
from mnist_tui.events import Event, Progress
from mnist_tui.render.epoch_table import epoch_table
from mnist_tui.runs import Run
from mnist_tui.runs.history import fold
from mnist_tui.system import paths
from mnist_tui.training.jobs import Folders
from mnist_tui.tui.app import Dashboard
from mnist_tui.tui.preferences import Preferences
from mnist_tui.tui.session import SessionPhase
from mnist_tui.tui.themes import NIGHT, PAPER

FOLDER = Path(__file__).parent
# Two below the newest are marked, and compared.
_SECOND = ("newest first", "down", "newest first", "down", "newest first", "space", "1 marked", "space")
COMPARING = ("ready", "5", *_SECOND, "2 marked", "c", "settings that differ")
# Charts are loaded some time after the first frame, and drawn anew every other second.
_CHARTS = 5.0
_PATIENCE = 240.0


def main(query: str) -> None:
    """Draw the run that `query` means: as `train` leaves it, and as the dashboard shows it on its way."""
    os.environ["COLORTERM"] = "truecolor"  # whatever terminal this runs in: with few colors no area is tinted
    run = runs.find(paths.runs_dir(), query)
    draw_table(run)
    dark = NIGHT.name
    asyncio.run(draw_dashboard(run, "dashboard-train-light", (80, 24), PAPER.name, "★"))
    asyncio.run(draw_dashboard(run, "dashboard-runs", (120, 36), dark, "★", "5", "newest first"))
    asyncio.run(draw_dashboard(None, "dashboard-model", (120, 36), dark, "ready", "2", "evidence", network=run))
    asyncio.run(draw_dashboard(None, "dashboard-evaluate", (120, 36), dark, "ready", "3", "1 of", network=run))
    asyncio.run(
        draw_dashboard(None, "dashboard-draw", (120, 36), dark, "ready", "4", "Draw", "t", "next:", network=run)
    )
    if len(runs.list_runs(paths.runs_dir())) > 1:
        asyncio.run(draw_dashboard(None, "dashboard-compare", (120, 36), dark, *COMPARING))


def draw_table(run: Run) -> None:
    """The end of `mnist-tui train --headless`."""
    history = run.history(progress=False)
    with Path("/dev/null").open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=84, file=nowhere, force_terminal=True)
        console.print("$ mnist-tui train --headless --dataset mnist", highlight=False)
        console.print(epoch_table(history))
        console.print(statistics_panel(history))
    console.save_svg(str(FOLDER / "train.svg"), title="mnist-tui train")


async def draw_dashboard(
    run: Run | None, name: str, size: tuple[int, int], theme: str, *steps: str, network: Run | None = None
) -> None:
    """The dashboard in the middle of the run's ninth epoch, from its log; or before there is any run.

    `network` is the run whose network the screens show; None for the newest.
    `steps` are a text to wait for, a key to press then, and so on; the last is what the picture has to show.
    """
    preferences = Preferences(Path(tempfile.mkdtemp()) / "dashboard.json")
    app = Dashboard(
        recipes.get_recipe("reference"), Folders(paths.data_dir(), paths.runs_dir()), preferences=preferences
    )
    app.theme, app.workspace.network = theme, network
    async with app.run_test(size=size) as pilot:
        if run is not None:
            app.session.history = fold(takewhile(_before_the_middle_of_epoch_9, run.events()))
            app.session.phase, app.session.generation = SessionPhase.TRAINING, 1
        app.session_changed()
        async with asyncio.timeout(_PATIENCE):
            for sign, key in zip_longest(steps[::2], steps[1::2]):
                while sign not in shown(app):
                    await pilot.pause(0.1)
                if key:
                    await pilot.press(key)
        await pilot.pause(_CHARTS)
        (FOLDER / f"{name}.svg").write_text(app.export_screenshot(title="mnist-tui"), encoding="utf-8")


def shown(app: Dashboard) -> str:
    """What the terminal shows."""
    return "".join(strip.text for strip in app.screen._compositor.render_strips())


def _before_the_middle_of_epoch_9(event: Event) -> bool:
    return not (isinstance(event, Progress) and event.epoch == 9 and event.step > event.steps * 0.6)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "latest")
