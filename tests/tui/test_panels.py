"""Panels: each has a letter that goes to it, and any of them can fill the screen."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.pilot import Pilot
from textual.widgets import Button, Static

from mnist_tui.tui.keys import KEYS
from mnist_tui.tui.screens.panels import PanelScreen
from mnist_tui.tui.themed_app import ThemedApp
from mnist_tui.tui.widgets.frame.panel import Panel, mark_letter
from tests import trained_runs
from tests.tui.app_support import OpenDashboard, with_dashboard

Scenario = Callable[["TwoPanels", Pilot[None]], Awaitable[None]]


class TwoPanels(PanelScreen):
    """One with something to focus, one without, and one that there is no room for."""

    DEFAULT_CSS = "TwoPanels #hidden { display: none; }"

    def compose(self) -> ComposeResult:
        with Horizontal():
            with Panel("Loss", jump="L", id="loss"):
                yield Button("inside")
            with Panel("Batch accuracy", jump="A", id="accuracy"):
                yield Static("some text")
            with Panel("Model", jump="M", id="hidden"):
                yield Static("many layers")


class PanelsApp(ThemedApp[None]):
    def get_default_screen(self) -> TwoPanels:
        return TwoPanels()


def play(scenario: Scenario) -> None:
    async def drive() -> None:
        async with PanelsApp().run_test(size=(60, 12)) as pilot:
            screen = pilot.app.screen
            assert isinstance(screen, TwoPanels)
            await pilot.pause()
            await scenario(screen, pilot)

    asyncio.run(drive())


def test_a_letter_goes_to_its_panel_and_z_zooms_it() -> None:
    async def scenario(screen: TwoPanels, pilot: Pilot[None]) -> None:
        loss, accuracy = screen.query_one("#loss", Panel), screen.query_one("#accuracy", Panel)
        await pilot.press("L")
        assert isinstance(screen.focused, Button)
        await pilot.press("A")
        assert screen.focused is accuracy
        await pilot.press("tab")
        assert not accuracy.can_focus  # Tab passes by what has no keys
        await pilot.press("A", "z")
        assert accuracy.region.size == screen.size
        await pilot.press("L")  # another letter: that one, as large
        await pilot.pause()
        assert loss.region.size == screen.size
        await pilot.press("escape")
        assert screen.maximized is None
        await pilot.press("a", "l", "m")  # small letters are not theirs
        assert isinstance(screen.focused, Button)

    play(scenario)


def test_a_hidden_panel_is_shown_zoomed_until_its_letter_is_pressed_again() -> None:
    async def scenario(screen: TwoPanels, pilot: Pilot[None]) -> None:
        hidden = screen.query_one("#hidden", Panel)
        assert not hidden.display
        await pilot.press("M")
        await pilot.pause()
        assert hidden.region.size == screen.size
        await pilot.press("M")
        await pilot.pause()
        assert screen.maximized is None
        assert not hidden.display
        assert screen.query_one("#loss").region.width == 30

    play(scenario)


def test_a_click_on_a_title_goes_to_the_panel_and_a_double_click_zooms_it() -> None:
    async def scenario(screen: TwoPanels, pilot: Pilot[None]) -> None:
        accuracy = screen.query_one("#accuracy", Panel)
        await pilot.click("#accuracy", offset=(5, 0))
        await pilot.pause()
        assert screen.focused is accuracy
        await pilot.click("#accuracy", offset=(5, 0), times=2)
        await pilot.pause()
        assert screen.maximized is accuracy

    play(scenario)


@pytest.mark.parametrize(
    ("title", "letter", "marked"),
    [
        ("Loss  ━ train", "L", "L"),
        ("Batch accuracy", "A", "a"),
        ("Feature Maps", "M", "M"),
        ("Requirements", "Q", "q"),
        ("Accuracy", "Z", "Z"),
    ],
)
def test_the_title_shows_the_letter(title: str, letter: str, marked: str) -> None:
    content = mark_letter(Content(title), letter)
    [span] = content.spans
    assert content.plain[span.start : span.end] == marked
    assert "underline" in str(span.style)  # color alone would be no sign


def test_each_screens_letters_are_its_own_and_no_keys(tmp_path: Path) -> None:
    trained_runs.write(tmp_path / "runs", "a-run")
    keys = {key for entry in KEYS.values() for key in entry.keys.split(",")}

    async def scenario(dashboard: OpenDashboard) -> None:
        for key in "12345":
            await dashboard.press(key)
            screen = dashboard.app.screen
            assert isinstance(screen, PanelScreen)
            letters = [panel.jump for panel in screen.query(Panel) if panel.jump]
            assert len(letters) == len(set(letters)), screen
            assert not keys & set(letters), screen
            assert all(letter.isupper() for letter in letters)

    with_dashboard(scenario, tmp_path, has_job=False)
