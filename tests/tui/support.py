"""Runs made by hand, and an app to draw them in."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from textual.app import ComposeResult
from textual.pilot import Pilot

from mnist_tui.events import EpochFinished, EpochStarted, Event, Progress, RunStarted
from mnist_tui.runs.history import RunHistory, fold
from mnist_tui.tui.screens.panels import PanelScreen
from mnist_tui.tui.themed_app import ThemedApp
from mnist_tui.tui.widgets.runs.run_view import RunView

SIZES = [(80, 24), (120, 36), (140, 40), (200, 60)]
STEPS = 20

Scenario = Callable[[RunView, Pilot[None]], Awaitable[None]]


def run_started(**changes: Any) -> RunStarted:
    return RunStarted(
        run="a-run",
        config={"batch_size": 16},
        model={"name": "reference"},
        data={"name": "mnist"},
        machine={},
        versions={},
        **changes,
    )


def progress(epoch: int, step: int, *, epochs: int = 5, steps: int = STEPS, **changes: Any) -> Progress:
    values: dict[str, Any] = {
        "phase": "training",
        "images_per_second": 1000.0,
        "loss": 0.5,
        "accuracy": 0.9,
        "learning_rate": 0.01,
    }
    return Progress(epoch=epoch, epochs=epochs, step=step, steps=steps, **(values | changes))


def row(epoch: int, *, epochs: int = 5, best: bool = True, **changes: Any) -> EpochFinished:
    values: dict[str, Any] = {
        "train_loss": 1 / epoch,
        "train_accuracy": 1 - 0.1 / epoch,
        "test_loss": 0.8 / epoch,
        "test_accuracy": 1 - 0.05 / epoch,
        "learning_rate": 0.01,
        "seconds": 9.0,
        "images_per_second": 1000.0,
    }
    return EpochFinished(epoch=epoch, epochs=epochs, best=best, **(values | changes))


def epoch_events(epoch: int, *, epochs: int = 5, steps: int = STEPS) -> Iterator[Event]:
    losses = tuple(2.3 * math.exp(-((epoch - 1) * steps + step) / 100) for step in range(steps))
    yield EpochStarted(epoch=epoch, epochs=epochs, steps=steps)
    yield progress(epoch, steps, epochs=epochs, steps=steps, batch_losses=losses)
    yield row(epoch, epochs=epochs)


def make_history(finished: int, *, epochs: int = 5, steps: int = STEPS) -> RunHistory:
    """A run of `epochs` epochs of which `finished` are done."""
    events: list[Event] = [run_started()]
    for epoch in range(1, finished + 1):
        events += epoch_events(epoch, epochs=epochs, steps=steps)
    return fold(events)


class RunViewScreen(PanelScreen):
    """Nothing but a RunView."""

    def compose(self) -> ComposeResult:
        yield RunView()


class RunApp(ThemedApp[None]):
    """A RunView; `+` belongs to the app, as on the Train screen."""

    BINDINGS = [("plus", "count", "Count")]  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__()
        self.counted = 0

    def get_default_screen(self) -> RunViewScreen:
        return RunViewScreen()

    def action_count(self) -> None:
        self.counted += 1


def with_run_view(scenario: Scenario, history: RunHistory | None = None, size: tuple[int, int] = (120, 36)) -> None:
    """Open a RunView in a terminal of that size, show it the run, wait for the charts, and play the scenario."""

    async def drive() -> None:
        app = RunApp()
        async with app.run_test(size=size) as pilot:
            view = app.query_one(RunView)
            view.show(history or RunHistory())
            await wait_until_settled(view, pilot)
            await scenario(view, pilot)

    asyncio.run(drive())


async def wait_until_settled(view: RunView, pilot: Pilot[None]) -> None:
    """Wait until everything is laid out and drawn."""
    await pilot.pause()
    await view.app.workers.wait_for_complete()
    await pilot.pause()
    view.curves.draw_changes()
    await pilot.pause()


def screen_text(view: RunView) -> str:
    """The text of the terminal, one line per row."""
    lines = view.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in line) for line in lines)
