"""A tour of the dashboard with damaged runs: every screen that shows one, and every dialog about one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from textual.widgets import OptionList

from mnist_tui.runs import Run
from mnist_tui.tui.screens.dialogs.network import NetworkDialog
from mnist_tui.tui.screens.runs import RunsScreen
from tests import trained_runs
from tests.torture.mutations import damage, damaged
from tests.tui.app_support import House, in_the_house

OF_A_NETWORK = ("2", "3", "4")
"""The keys of Model, Evaluate and Draw."""


def tour(folder: Path, numbers: Iterable[int]) -> list[Run]:
    """Damage a run for each number, and look at all of them; an exception in the dashboard is raised here."""
    runs = [trained_runs.write(folder / "runs", f"odd-{number}") for number in numbers]
    for number, run in zip(numbers, runs, strict=True):
        damage(run, number)
        if number % 3 == 0:
            for file in (run.weights_file, run.checkpoint_file):
                file.write_bytes(next(damaged(file.read_bytes(), 1, seed=number)))

    async def story(house: House) -> None:
        await house.press("5")
        await house.until(
            lambda: isinstance(house.app.screen, RunsScreen) and house.app.screen.browser.is_complete
        )
        for _ in runs:
            await _visit(house, "enter", "n", "x", "e", "d")
            await house.press("down")
        await house.press("home", *["space"] * min(4, len(runs)), "c")
        await _settled(house)
        await house.press("v", "escape")
        for order in range(6):
            assert house.app.screen.query("RunsTable"), order
            await house.press("o")
        for key in OF_A_NETWORK:
            await house.press(key)
            await _choose_each(house)

    in_the_house(story, folder, begun=False)
    return runs


async def _visit(house: House, *keys: str) -> None:
    """What each key opens, if anything, is looked at and closed."""
    at_home = house.app.screen
    for key in keys:
        await house.press(key)
        await _settled(house)
        if house.app.screen is not at_home:
            await house.press("escape", "5")  # a new run's form lies over the Train screen
            await house.until(lambda: house.app.screen is at_home)


async def _choose_each(house: House) -> None:
    at_home, number = house.app.screen, 0
    while True:
        await house.press("n")
        await house.until(lambda: isinstance(house.app.screen, NetworkDialog))
        await _settled(house)
        options = house.app.screen.query_one(OptionList)
        if number == options.option_count:
            await house.press("escape")
            return
        options.highlighted = number
        await house.press("enter")
        await house.until(lambda: house.app.screen is at_home)
        await _settled(house)
        number += 1


async def _settled(house: House) -> None:
    """Until no worker reads a run. The others wait for what a dialog is answered."""
    readers = [worker for worker in house.app.workers if not worker.name.startswith("action_")]
    await house.until(lambda: all(worker.is_finished for worker in readers))
