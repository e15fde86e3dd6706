"""How long the recipes take on this machine, from the runs that it has finished. No torch."""

from __future__ import annotations

import contextlib
import itertools
from pathlib import Path

from mnist_tui.errors import RunError
from mnist_tui.recipes import RECIPES
from mnist_tui.runs import RunRecord, list_runs
from mnist_tui.runs.config_diff import config_diff

# Of the newest runs: the speed of others says little about now, and reading all could take seconds.
_MOST_RUNS = 60


def measure_recipes(runs_dir: Path) -> dict[str, float]:
    """Seconds from the first step to the last test of the newest finished run of each recipe; only those there are.

    Only runs by the recipe's own settings and network count, whatever their seed. Reads logs, which may take a while:
    not for a screen's thread. Raises RunError if the folder cannot be read.
    """
    seconds: dict[str, float] = {}
    for run in itertools.islice(reversed(list_runs(runs_dir)), _MOST_RUNS):
        with contextlib.suppress(RunError):
            record = run.record()
            recipe = str(record.config.get("recipe"))
            if recipe in RECIPES and recipe not in seconds and _is_typical(record, recipe):
                finished = run.history(progress=False).finished
                if finished is not None:
                    seconds[recipe] = finished.seconds
    return seconds


def _is_typical(record: RunRecord, recipe: str) -> bool:
    changed = {change.setting for change in config_diff(record.config)} - {"seed"}
    return not changed and record.config.get("model") == RECIPES[recipe].model
