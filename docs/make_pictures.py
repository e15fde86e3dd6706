"""Make the README's pictures from a real run: `make pictures RUN=latest`."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console

from mnist_tui import paths, runs
from mnist_tui.render.epoch_table import epoch_table
from mnist_tui.render.statistics import statistics_panel

FOLDER = Path(__file__).parent


def main(query: str) -> None:
    """Draw the run that `query` means as `train` leaves it on the screen."""
    run = runs.find(paths.runs_dir(), query)
    history = run.history(progress=False)
    with Path("/dev/null").open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=84, file=nowhere, force_terminal=True)
        console.print("$ mnist-tui train --headless --dataset mnist", highlight=False)
        console.print(epoch_table(history))
        console.print(statistics_panel(history))
    console.save_svg(str(FOLDER / "train.svg"), title="mnist-tui train")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "latest")
