"""Untrusted texts of a run on their way through Textual to the terminal."""

from __future__ import annotations

import asyncio
from pathlib import Path

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.color import Color
from textual.widgets import Label

from mnist_tui.tui.base_app import BaseApp, ControlCodeFilter
from mnist_tui.tui.preferences import Preferences

BLACK = Color(0, 0, 0)


def test_lines_lose_control_codes_and_nothing_else() -> None:
    bold = Style(bold=True)
    line = [Segment("run "), Segment("\x1b]0;owned\x07\u202ename\x9b", bold), Segment("│")]
    assert ControlCodeFilter().apply(line, BLACK) == [
        Segment("run "),
        Segment("]0;ownedname", bold),
        Segment("│"),
    ]


def test_ordinary_lines_are_not_copied() -> None:
    line = [Segment("epoch 3/15"), Segment("│")]
    assert ControlCodeFilter().apply(line, BLACK) is line


class Page(BaseApp):
    """One label with an untrusted text."""

    CSS_PATH = None

    def compose(self) -> ComposeResult:
        yield Label(Text("run \x1b[31mred\x9b2J\u202eback"))


def test_every_line_of_the_dashboard_goes_through_it(tmp_path: Path) -> None:
    async def shown() -> str:
        app = Page(preferences=Preferences(tmp_path / "memory.json"))
        async with app.run_test() as pilot:
            await pilot.pause()
            return "".join(strip.text for strip in app.screen._compositor.render_strips())

    lines = asyncio.run(shown())
    assert "run [31mred2Jback" in lines
    assert not any(code in lines for code in "\x1b\x9b\u202e")
