"""Record the animation at the README's top from a real run: `make animation`."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path

from animation import Animation

from mnist_tui import recipes
from mnist_tui.system import paths
from mnist_tui.training.jobs import Folders, NewRun
from mnist_tui.tui.app import Dashboard
from mnist_tui.tui.preferences import Preferences
from mnist_tui.tui.session import SessionPhase

SIZE = (140, 40)
# Seconds between two frames as they are recorded, and as they are shown; and for how long the end is shown.
_RECORDED, _SHOWN, _END = 0.8, 0.4, 5.0


async def record(recipe: str, folder: Path) -> Animation:
    """Train the recipe in the dashboard, from the first screen to the card at its end."""
    config = recipes.build_config(recipe, dataset="mnist")
    folders = Folders(paths.data_dir(), folder / "runs")
    app = Dashboard(config, folders, job=NewRun(config, folders), preferences=Preferences(folder / "dashboard.json"))
    async with app.run_test(size=SIZE) as pilot:
        animation = Animation(*SIZE, app.theme_variables["background"].lower())
        while app.session.phase is SessionPhase.IDLE:
            await pilot.pause(0.1)
        while app.session.phase.is_busy:
            await pilot.pause(_RECORDED)
            animation.add(app.screen._compositor.render_strips(), _SHOWN)
        assert app.session.phase is SessionPhase.FINISHED, app.session.failed
        await pilot.pause(4)  # the mistakes of the card are computed after the end
        animation.add(app.screen._compositor.render_strips(), _END)
    return animation


if __name__ == "__main__":
    os.environ["COLORTERM"] = "truecolor"  # whatever terminal this runs in: with few colors no area is tinted
    name = sys.argv[1] if len(sys.argv) > 1 else "quick"
    with tempfile.TemporaryDirectory() as temporary:
        svg = asyncio.run(record(name, Path(temporary))).to_svg(f"mnist-tui · the {name} recipe, twice as fast")
    (Path(__file__).parent / "dashboard.svg").write_text(svg, encoding="utf-8")
