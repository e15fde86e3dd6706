"""The form's way out, and a setting's list of choices where there is no room for it."""

from __future__ import annotations

from pathlib import Path

from textual.widgets import OptionList, Select

from mnist_tui.tui.screens.new_run import NewRunForm
from tests.tui.app_support import OpenDashboard, with_dashboard


def test_a_list_without_room_has_no_pages_to_turn(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await dashboard.press("n")
        await dashboard.until(lambda: isinstance(dashboard.app.screen, NewRunForm))
        choice = dashboard.app.screen.query(Select).first()
        choice.focus()
        await dashboard.pilot.pause()
        choice.action_show_overlay()
        choices = choice.query_one(OptionList)
        await dashboard.until(lambda: dashboard.app.focused is choices)
        choices.styles.max_height = choices.styles.height = 0
        choices.clear_options()
        choices.add_options(["one", "two"])
        await dashboard.until(lambda: not choices.scrollable_content_region)
        choices.highlighted = 1
        choices.action_page_down()
        choices.action_page_up()
        await dashboard.press("pagedown", "pageup")
        assert choices.highlighted == 1

    with_dashboard(scenario, tmp_path, has_job=False)


def test_the_button_cancels(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await dashboard.press("n")
        await dashboard.until(lambda: isinstance(dashboard.app.screen, NewRunForm))
        await dashboard.pilot.click("#cancel")
        await dashboard.until(lambda: not isinstance(dashboard.app.screen, NewRunForm))

    with_dashboard(scenario, tmp_path, has_job=False)
