"""The form's way out, and a setting's list of choices where there is no room for it."""

from __future__ import annotations

from pathlib import Path

from textual.widgets import OptionList, Select

from mnist_tui.tui.screens.new_run import NewRunForm
from tests.tui.app_support import House, in_the_house


def test_a_list_without_room_has_no_pages_to_turn(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await house.press("n")
        await house.until(lambda: isinstance(house.app.screen, NewRunForm))
        choice = house.app.screen.query(Select).first()
        choice.focus()
        await house.pilot.pause()
        choice.action_show_overlay()
        choices = choice.query_one(OptionList)
        await house.until(lambda: house.app.focused is choices)
        choices.styles.max_height = choices.styles.height = 0
        choices.clear_options()
        choices.add_options(["one", "two"])
        await house.until(lambda: not choices.scrollable_content_region)
        choices.highlighted = 1
        choices.action_page_down()
        choices.action_page_up()
        await house.press("pagedown", "pageup")
        assert choices.highlighted == 1

    in_the_house(story, tmp_path, begun=False)


def test_the_button_cancels(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await house.press("n")
        await house.until(lambda: isinstance(house.app.screen, NewRunForm))
        await house.pilot.click("#cancel")
        await house.until(lambda: not isinstance(house.app.screen, NewRunForm))

    in_the_house(story, tmp_path, begun=False)
