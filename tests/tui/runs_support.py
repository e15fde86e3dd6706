"""The Runs screen in the dashboard, driven by a Pilot over a folder of made runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from textual.app import App
from textual.pilot import Pilot

from mnist_tui.config import TrainConfig
from mnist_tui.training.jobs import Folders
from mnist_tui.tui.app import Dashboard
from mnist_tui.tui.preferences import Preferences
from mnist_tui.tui.screens.runs import RunsScreen
from tests.patience import wait_until_async


class OpenRunsScreen:
    """The Runs screen, its Pilot, and what a person would see of it."""

    def __init__(self, pilot: Pilot[int], screen: RunsScreen) -> None:
        self.pilot, self.screen, self.app = pilot, screen, pilot.app

    @property
    def names(self) -> list[str]:
        return [row.summary.name for row in self.screen.browser.table.rows]

    @property
    def toasts(self) -> list[str]:
        return [notification.message for notification in self.app._notifications]

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        await self.pilot.press(*("space" if letter == " " else letter for letter in text))

    async def until(self, condition: Callable[[], object]) -> None:
        await until(self.pilot, condition)

    async def go_to(self, name: str) -> None:
        self.screen.browser.table.move_to(name)
        await self.pilot.pause()


async def until(pilot: Pilot[object] | Pilot[int] | Pilot[None], condition: Callable[[], object]) -> None:
    """Wait until it holds."""
    await wait_until_async(condition, lambda: pilot.pause(0), lambda: condition)


@asynccontextmanager
async def open_runs_screen(runs_dir: Path, size: tuple[int, int] = (120, 36)) -> AsyncIterator[OpenRunsScreen]:
    preferences = Preferences(runs_dir.parent / "memory.json")
    app = Dashboard(TrainConfig(), Folders(runs_dir.parent / "data", runs_dir), preferences=preferences)
    async with app.run_test(size=size) as pilot:
        await app.action_open("runs")
        screen = app.screen
        assert isinstance(screen, RunsScreen)
        await until(pilot, lambda: screen.browser.is_complete)
        yield OpenRunsScreen(pilot, screen)


def drive(runs_dir: Path, test: Callable[[OpenRunsScreen], Awaitable[None]], size: tuple[int, int] = (120, 36)) -> None:
    """Run `test` on the opened screen."""

    async def main() -> None:
        async with open_runs_screen(runs_dir, size) as runs:
            await test(runs)

    asyncio.run(main())


def drive_app(app: App[int], test: Callable[[Pilot[int]], Awaitable[None]], size: tuple[int, int] = (120, 36)) -> None:
    """The same with an app of its own."""

    async def main() -> None:
        async with app.run_test(size=size) as pilot:
            await test(pilot)

    asyncio.run(main())
