"""Screens that are closed in haste."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.events import Focus
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Label

from mnist_tui.tui.screens.compare import CompareScreen
from mnist_tui.tui.textual_fixes.screens import SafeScreen
from mnist_tui.tui.widgets.charts.chart import Chart
from tests.tui.app_support import OpenDashboard, with_dashboard


class _Found(Message):
    """What a thread sends to the screen that it looked for."""


class _Waiting(SafeScreen, ModalScreen[None]):
    """Shows what was found, once it is."""

    shown = 0

    def compose(self) -> ComposeResult:
        yield Label()

    def on_mount(self) -> None:
        self.post_message(_Found())

    @on(_Found)
    def _show(self) -> None:
        self.query_one(Label).update("found")
        self.shown += 1


class _Charting(SafeScreen, ModalScreen[None]):
    """Has room for a chart, which comes later."""

    def compose(self) -> ComposeResult:
        yield Vertical()


def test_a_chart_that_comes_up_while_its_screen_goes_is_no_error(tmp_path: Path) -> None:
    """Its canvases are never mounted then, though it is told that it has the focus."""

    async def gone_after(turns: int, dashboard: OpenDashboard) -> None:
        screen = _Charting()
        dashboard.app.push_screen(screen)
        await dashboard.until(lambda: screen.is_mounted)
        chart = Chart()
        screen.query_one(Vertical).mount(chart)
        for _ in range(turns):
            await asyncio.sleep(0)
        chart.post_message(Focus())
        screen.dismiss()
        await dashboard.until(lambda: not screen.is_running)

    async def scenario(dashboard: OpenDashboard) -> None:
        for turns in range(8):
            await gone_after(turns, dashboard)

    with_dashboard(scenario, tmp_path, has_job=False)


@pytest.mark.parametrize("way", ["exit", "dismiss"])
@pytest.mark.parametrize("turns", range(4))
def test_news_for_a_screen_that_is_on_its_way_out_is_no_error(turns: int, way: str, tmp_path: Path) -> None:
    """The dashboard ends, or the screen is closed, while it comes up: it may be mounted without widgets then."""

    async def scenario(dashboard: OpenDashboard) -> None:
        screen = _Waiting()
        dashboard.app.push_screen(screen)
        for _ in range(turns):
            await asyncio.sleep(0)
        if way == "exit":
            dashboard.app.exit()
            return
        screen.dismiss()
        screen.post_message(_Found())
        await dashboard.until(lambda: not screen.is_running)

    with_dashboard(scenario, tmp_path, has_job=False)


def test_news_for_a_screen_that_is_there_arrives(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        screen = _Waiting()
        dashboard.app.push_screen(screen)
        await dashboard.until(lambda: screen.shown == 1)
        dashboard.app.push_screen(_Waiting())
        screen.post_message(_Found())
        await dashboard.until(lambda: screen.shown == 2)

    with_dashboard(scenario, tmp_path, has_job=False)


@pytest.mark.parametrize("turns", range(8))
def test_an_exit_while_a_screen_comes_up_is_no_error(turns: int, tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        dashboard.app.push_screen(CompareScreen(dashboard.app.workspace, []))
        for _ in range(turns):
            await asyncio.sleep(0)
        dashboard.app.exit()

    with_dashboard(scenario, tmp_path, has_job=False)
