"""The whole dashboard with a job that reports what a test wants, and what a person would see of it."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from mnist_tui.config import TrainConfig
from mnist_tui.errors import Interrupted
from mnist_tui.events import Event, RunStarted
from mnist_tui.training.control import Control
from mnist_tui.training.jobs import Folders, Job, NewRun
from mnist_tui.tui.app import Dashboard
from mnist_tui.tui.preferences import Preferences
from mnist_tui.tui.session import SessionPhase
from tests.patience import PATIENCE, wait_until_async

SIZES = [(80, 24), (120, 36), (200, 60)]


@dataclass(frozen=True)
class ScriptedRun(NewRun):
    """A run that follows a script: reports an event, raises an exception, or ends at None."""

    script: queue.Queue[Event | BaseException | None] = field(default_factory=queue.Queue)
    controls: list[Control] = field(default_factory=list)

    def __call__(self, control: Control, report: Callable[[Event], None]) -> Any:
        self.controls.append(control)
        while (item := self.script.get(timeout=PATIENCE)) is not None:
            if isinstance(item, BaseException):
                raise item
            report(item)

    def report(self, *items: Event | BaseException | None) -> None:
        for item in items:
            self.script.put(item)


class OpenDashboard:
    """The opened dashboard."""

    def __init__(self, app: Dashboard, pilot: Pilot[int], job: ScriptedRun) -> None:
        self.app, self.pilot, self.job = app, pilot, job

    @property
    def text(self) -> str:
        """The text of the terminal, one line per row."""
        lines = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in line) for line in lines)

    @property
    def footer(self) -> str:
        return self.text.splitlines()[-1]

    @property
    def title(self) -> str:
        return self.text.splitlines()[0]

    @property
    def toasts(self) -> str:
        return "\n".join(notification.message for notification in self.app._notifications)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        await self.pilot.press(*text)

    async def report(self, *items: Event | BaseException | None, until: SessionPhase | None = None) -> None:
        """Let the job report these; go on once the session is in this phase."""
        self.job.report(*items)
        if until is not None:
            await self.until(lambda: self.app.session.phase is until)

    async def until(self, true: Callable[[], object]) -> None:
        """Wait until it holds."""
        await wait_until_async(true, lambda: self.pilot.pause(0), lambda: self.text)

    async def wait_for_text(self, *texts: str) -> None:
        """Wait until all of these are on the screen."""

        def are_there() -> bool:
            shown = self.text  # drawn once for all of them
            return all(text in shown for text in texts)

        await self.until(are_there)


Scenario = Callable[[OpenDashboard], Awaitable[None]]


def with_dashboard(
    scenario: Scenario,
    folder: Path,
    *,
    size: tuple[int, int] = (120, 36),
    has_job: bool = True,
    config: TrainConfig | None = None,
    job: Job | None = None,
) -> Dashboard:
    """Open the dashboard with its runs in `folder`, play the scenario, close it; with a scripted run or without."""
    config = config or TrainConfig()
    folders = Folders(folder / "data", folder / "runs")
    scripted = ScriptedRun(config, folders)
    first = job or (scripted if has_job else None)
    app = Dashboard(config, folders, job=first, preferences=Preferences(folder / "dashboard.json"))

    async def drive() -> None:
        async with app.run_test(size=size, notifications=True) as pilot:
            dashboard = OpenDashboard(app, pilot, scripted)
            try:
                if first is not None:
                    await dashboard.until(lambda: app.session.training is not None)
                await scenario(dashboard)
            except BaseException:
                # Paused, it would keep what other tests' trainings wait for.
                if app.session.training is not None:
                    app.session.training.control.stop("the test has failed")
                raise
            finally:
                # A worker that goes on would be in the next test's way.
                scripted.report(Interrupted("the test is over"))

    asyncio.run(drive())
    if app.session.training is not None:
        assert app.session.training.join(PATIENCE)
    return app


def run_started(name: str = "a-run", **changes: Any) -> RunStarted:
    """As training reports it."""
    facts: dict[str, Any] = {
        "config": {"batch_size": 16, "recipe": "reference"},
        "model": {"name": "reference", "parameters": 6790},
        "data": {"name": "mnist", "source": "here"},
        "machine": {"device": "cpu", "threads": 1},
        "versions": {},
    }
    return RunStarted(run=name, **(facts | changes))
