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
from tests.tui.app_support import OpenDashboard, with_dashboard

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

    async def scenario(dashboard: OpenDashboard) -> None:
        await dashboard.press("5")
        await dashboard.until(
            lambda: isinstance(dashboard.app.screen, RunsScreen) and dashboard.app.screen.browser.is_complete
        )
        for _ in runs:
            await _visit(dashboard, "enter", "n", "x", "R", "delete")
            await dashboard.press("down")
        await dashboard.press("home", *["space"] * min(4, len(runs)), "c")
        await _wait_until_settled(dashboard)
        await dashboard.press("v", "escape")
        for order in range(6):
            assert dashboard.app.screen.query("RunsTable"), order
            await dashboard.press("o")
        for key in OF_A_NETWORK:
            await dashboard.press(key)
            await _choose_each(dashboard)

    with_dashboard(scenario, folder, has_job=False)
    return runs


async def _visit(dashboard: OpenDashboard, *keys: str) -> None:
    """What each key opens, if anything, is looked at and closed."""
    at_home = dashboard.app.screen
    for key in keys:
        await dashboard.press(key)
        await _wait_until_settled(dashboard)
        if dashboard.app.screen is not at_home:
            await dashboard.press("escape", "5")  # a new run's form lies over the Train screen
            await dashboard.until(lambda: dashboard.app.screen is at_home)


async def _choose_each(dashboard: OpenDashboard) -> None:
    at_home, number = dashboard.app.screen, 0
    while True:
        await dashboard.press("N")
        await dashboard.until(lambda: isinstance(dashboard.app.screen, NetworkDialog))
        await _wait_until_settled(dashboard)
        options = dashboard.app.screen.query_one(OptionList)
        if number == options.option_count:
            await dashboard.press("escape")
            return
        options.highlighted = number
        await dashboard.press("enter")
        await dashboard.until(lambda: dashboard.app.screen is at_home)
        await _wait_until_settled(dashboard)
        number += 1


async def _wait_until_settled(dashboard: OpenDashboard) -> None:
    """Until no worker reads a run. The others wait for what a dialog is answered."""
    readers = [worker for worker in dashboard.app.workers if worker.name != "dialog"]
    await dashboard.until(lambda: all(worker.is_finished for worker in readers))
