"""Another theme reaches everything on every screen at once, and all text on it can be read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rich.color import ColorTriplet
from textual.color import Color

from mnist_tui.tui.app import Dashboard
from mnist_tui.tui.themes import THEMES
from tests import trained_runs
from tests.tui.app_support import OpenDashboard, with_dashboard
from tests.tui.support import make_history
from tests.tui.test_themes import TEXT, contrast


def cells(app: Dashboard) -> Iterator[tuple[str, ColorTriplet, ColorTriplet]]:
    """Each piece of text on the screen with its color and that behind it."""
    for strip in app.screen._compositor.render_strips():
        for segment in strip:
            style = segment.style
            if style and style.color and style.bgcolor and style.color.triplet and style.bgcolor.triplet:
                yield segment.text.strip(), style.color.triplet, style.bgcolor.triplet


def test_every_screen_is_drawn_in_each_theme_with_text_that_can_be_read(tmp_path: Path) -> None:
    trained_runs.write(tmp_path / "runs", "a-run")
    grounds = {theme.name: {theme.background, theme.surface, theme.panel} for theme in THEMES}

    async def scenario(dashboard: OpenDashboard) -> None:
        app = dashboard.app
        app.session.history, app.session.generation = make_history(4), 1
        for key in "12345":
            await dashboard.press(key)
            app.session_changed()
            await dashboard.until(lambda: app.screen.is_current and "Quit" in dashboard.footer)
            for theme in (*THEMES[1:], THEMES[0]):
                app.theme = theme.name
                await dashboard.pilot.pause()
                await dashboard.until(lambda theme=theme: {back.hex for _, _, back in cells(app)} & grounds[theme.name])
                others = set.union(*grounds.values()) - grounds[theme.name] - {"#000000", "#ffffff"}  # of images too
                old = {(text, back.hex) for text, _, back in cells(app) if back.hex in others}
                assert not old, (key, theme.name)
                faint = {
                    (text, fore.hex, back.hex)
                    for text, fore, back in cells(app)
                    if any(sign.isascii() and sign.isalnum() for sign in text)
                    and contrast(Color(*fore), Color(*back)) < TEXT - 0.02
                }
                assert not faint, (key, theme.name)

    with_dashboard(scenario, tmp_path, size=(140, 40), has_job=False)
