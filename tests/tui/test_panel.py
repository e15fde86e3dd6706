"""The frame around a part of a screen."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from textual.app import ComposeResult
from textual.geometry import Region
from textual.widget import Widget
from textual.widgets import Static

from mnist_tui.tui.base_app import BaseApp
from mnist_tui.tui.widgets.frame.panel import Panel


class PanelApp(BaseApp):
    CSS_PATH = None

    def compose(self) -> ComposeResult:
        panel = Panel("Digits", jump="D")
        panel.styles.width, panel.styles.height = 30, 5
        with panel:
            yield Static("inside")


def test_another_title_draws_one_line_and_not_what_is_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[Region, ...]] = []
    refresh = Widget.refresh

    def spy(widget: Widget, *regions: Region, **options: Any) -> Widget:
        if isinstance(widget, Panel):
            drawn.append(regions)
        return refresh(widget, *regions, **options)

    async def drive() -> None:
        app = PanelApp()
        async with app.run_test(size=(40, 8)) as pilot:
            panel = app.query_one(Panel)
            await pilot.pause()
            monkeypatch.setattr(Widget, "refresh", spy)
            panel.border_title, panel.border_subtitle = "Digits · 9 of 10", "now"
            await pilot.pause()
            # Counted from what is inside the border.
            assert drawn == [(Region(-1, -1, 30, 1),), (Region(-1, 3, 30, 1),)]
            lines = ["".join(segment.text for segment in line) for line in app.screen._compositor.render_strips()]
            assert "Digits · 9 of 10" in lines[0]
            assert "inside" in lines[1]
            assert "now" in lines[4]

    asyncio.run(drive())
