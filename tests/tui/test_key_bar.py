"""The line of keys: what is in it, how it fits, and that a click presses."""

from __future__ import annotations

import asyncio
from typing import ClassVar

import pytest
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen

from mnist_tui.render.sparkline import spark_rows
from mnist_tui.tui.themed_app import ThemedApp
from mnist_tui.tui.widgets.frame.key_bar import KeyBar


class KeysScreen(Screen[None]):
    """A few bindings, one of which is off."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "press('a')", "First"),
        Binding("b,c", "press('b')", "Second"),
        Binding("d", "press('d')", "Off"),
        Binding("e", "press('e')", "Hidden", show=False),
        Binding("f", "press('f')", "数字"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.pressed: list[str] = []

    def compose(self) -> ComposeResult:
        yield KeyBar()

    def action_press(self, key: str) -> None:
        self.pressed.append(key)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return None if parameters == ("d",) else True


class Keys(ThemedApp[None]):
    """The screen's keys, and one that works everywhere."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("q", "press", "Leave")]

    def __init__(self) -> None:
        super().__init__()
        self.pressed: list[str] = []

    def get_default_screen(self) -> Screen[None]:
        self.keys = KeysScreen()
        self.keys.pressed = self.pressed
        return self.keys

    def action_press(self) -> None:
        self.pressed.append("q")


def line(app: App[None]) -> str:
    return str(app.screen.query_one(KeyBar).render())


def test_shown_keys_stand_in_their_order_each_action_once() -> None:
    async def look() -> str:
        app = Keys()
        async with app.run_test(size=(80, 10)) as pilot:
            await pilot.pause()
            return line(app)

    text = asyncio.run(look())
    at = [text.index(word) for word in ("First", "Second", "Off", "数字", "Leave")]
    assert at == sorted(at)
    assert text.count("Second") == 1
    assert "Hidden" not in text
    assert Content(text).cell_length == 80
    assert text.endswith(" q Leave ")


@pytest.mark.parametrize("width", [5, 9, 18, 28, 29, 40])
def test_a_key_without_room_is_left_out_whole(width: int) -> None:
    async def look() -> str:
        app = Keys()
        async with app.run_test(size=(width, 10)) as pilot:
            await pilot.pause()
            return line(app)

    words = asyncio.run(look())
    assert len(words) <= width
    assert ("q Leave" in words) is (width >= 9)  # the app's come first: help is among them
    assert all(whole in words for whole in ("First", "Second", "Off") if whole[:2] in words)


@pytest.mark.parametrize(("column", "pressed"), [(0, ["a"]), (8, ["a"]), (9, ["b"]), (20, []), (60, []), (79, ["q"])])
def test_a_click_presses_the_key_under_it_if_it_would_do_anything(column: int, pressed: list[str]) -> None:
    async def click() -> list[str]:
        app = Keys()
        async with app.run_test(size=(80, 10)) as pilot:
            await pilot.pause()
            await pilot.click(KeyBar, offset=(column, 0))
            await pilot.pause()
            return app.pressed

    assert asyncio.run(click()) == pressed


def test_sparkline_rows_reach_from_a_mark_to_the_top() -> None:
    assert spark_rows([0.0, 1.0], 1) == ["▁█"]
    assert spark_rows([0.0, 0.5, 1.0], 2) == [" ▁█", "▁██"]
    assert spark_rows([3.0, 3.0], 1) == ["▁▁"]
    assert spark_rows([], 2) == ["", ""]
