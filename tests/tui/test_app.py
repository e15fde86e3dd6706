"""The dashboard as a person meets it: what each state shows, and which keys do what."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.style import Style
from textual.command import CommandList
from textual.containers import VerticalScroll
from textual.events import Click, InputEvent, Key, MouseDown, Resize
from textual.geometry import Size
from textual.screen import Screen
from textual.widgets import Input, Select

from mnist_tui.config import SETTINGS, TrainConfig
from mnist_tui.control import Control
from mnist_tui.events import DataProgress, Event, Notice, Preparing, RunPaused, RunResumed
from mnist_tui.jobs import Folders, NewRun
from mnist_tui.recipes import RECIPES
from mnist_tui.tui.app import Dashboard
from mnist_tui.tui.memory import Memory
from mnist_tui.tui.palette import Palette
from mnist_tui.tui.screens.compare import CompareScreen
from mnist_tui.tui.screens.dialogs import AskDialog, ConfirmDialog
from mnist_tui.tui.screens.export_dialog import ExportDialog
from mnist_tui.tui.screens.help import HelpScreen, active_keys
from mnist_tui.tui.screens.leave import LeaveDialog
from mnist_tui.tui.screens.new_run import NewRunForm
from mnist_tui.tui.session import Phase
from mnist_tui.tui.widgets import loading
from mnist_tui.tui.widgets.chart import Chart
from mnist_tui.tui.widgets.setting_row import SettingRow
from mnist_tui.tui.widgets.title_bar import TitleBar
from tests.tui.app_support import SIZES, House, begun, in_the_house
from tests.tui.support import epoch_events, progress, row
from tests.tui.test_session import EPOCH, FAILED, FETCHING, FINISHED, STOPPED

RUNNING: tuple[Event, ...] = (begun(), *epoch_events(1), EPOCH, progress(2, 5))


async def trained(house: House, *events: Event, until: Phase = Phase.TRAINING) -> None:
    """A run is on the screen, its first epoch done; then these."""
    await house.tell(*RUNNING, until=Phase.TRAINING)
    await house.tell(*events, until=until)


async def ended(house: House, *events: Event, until: Phase) -> None:
    await trained(house, *events, until=until)
    house.job.tell(None)
    await house.until(lambda: not house.app.session.training.is_alive)  # type: ignore[union-attr]
    await house.pilot.pause()


# What is drawn


def test_nothing_yet_says_which_key_begins(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        for size in SIZES:
            await house.pilot.resize_terminal(*size)
            await house.sees("Train a small network", "● ready", "n   New run", "q Quit")

    in_the_house(story, tmp_path, begun=False)


def test_loading_torch_is_said(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await house.sees("● loading torch", "takes a second or two")
        assert "--%" not in house.text

    in_the_house(story, tmp_path)


def test_fetching_tells_bytes_and_time_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(loading, "time", SimpleNamespace(monotonic=lambda: now[0]))

    def fetched(megabytes: int) -> DataProgress:
        return DataProgress(
            dataset="mnist",
            stage="fetching",
            item="train-images",
            done=megabytes * 1_000_000,
            total=10_000_000,
            unit="bytes",
        )

    async def story(house: House) -> None:
        await house.tell(fetched(0), until=Phase.FETCHING)
        now[0] += 10
        await house.tell(fetched(2))
        await house.sees("● getting data", "Fetching mnist: train-images", "0:40 left")
        assert "MB" in house.text

    in_the_house(story, tmp_path)


def test_drawing_digits_counts_images(tmp_path: Path) -> None:
    drawing = DataProgress(
        dataset="synthetic", stage="drawing", item="training digits", done=4096, total=60_000, unit="images"
    )

    async def story(house: House) -> None:
        await house.tell(drawing, until=Phase.FETCHING)
        await house.sees("Drawing synthetic: training digits", "4,096 of 60,000 images")

    in_the_house(story, tmp_path)


def test_compiling_is_said(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await house.tell(Preparing(what="compiling the training step for AVX-512"), until=Phase.COMPILING)
        await house.sees("● compiling", "Compiling the training step for AVX-512 …")

    in_the_house(story, tmp_path)


@pytest.mark.parametrize("size", SIZES)
def test_training_shows_the_run(size: tuple[int, int], tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await trained(house)
        await house.sees("● training", "epoch 2/5", "1,000 img/s", "Epochs", "Loss")
        assert "mnist" in house.title or size[0] < 100

    in_the_house(story, tmp_path, size=size)


@pytest.mark.parametrize("model", [{"name": "reference"}, {"name": "reference", "summary": {"layers": 3}}])
def test_a_run_whose_log_has_no_layer_table_says_so(model: dict[str, object], tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await house.tell(begun(model=model), EPOCH, until=Phase.TRAINING)
        await house.sees("no layer table")
        await house.press("2")
        await house.sees("no layer table")

    in_the_house(story, tmp_path)


def test_evaluating_is_told_apart(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await trained(house, progress(2, 500, steps=1000, phase="evaluating"), until=Phase.EVALUATING)
        await house.sees("● evaluating", "testing")

    in_the_house(story, tmp_path)


def test_pausing_paused_and_going_on(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await trained(house)
        await house.press("space")
        await house.sees("● pausing")
        assert house.job.controls[0].paused
        await house.tell(RunPaused(epoch=2, step=25), until=Phase.PAUSED)
        await house.sees("● paused", "space Resume")
        await house.press("space")
        assert not house.job.controls[0].paused
        await house.tell(RunResumed(epoch=2, step=25), progress(2, 6), until=Phase.TRAINING)
        await house.sees("● training", "space Pause")

    in_the_house(story, tmp_path)


def test_stopping_and_stopped(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await trained(house)
        await house.press("s")
        await house.sees("● stopping", "◌ stopping")
        assert house.job.controls[0].stop_reason == "stopped in the dashboard"
        assert "Stop" not in house.footer
        await house.tell(STOPPED, None, until=Phase.STOPPED)
        await house.sees("● stopped", "Stopped: enough.", "space Resume", "n New run")

    in_the_house(story, tmp_path)


def test_finished_shows_the_statistics_and_offers_one_more_epoch(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await ended(house, FINISHED, until=Phase.FINISHED)
        await house.sees("● finished", "best test accuracy", "+ One more epoch", "n New run")
        assert "Resume" not in house.footer

    in_the_house(story, tmp_path)


def test_a_failed_run_says_what_happened_where_the_log_is_and_what_to_do(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await ended(house, FAILED, until=Phase.FAILED)
        await house.sees("● failed", "it broke", "Mend it.", "The log is", "space Resume", "n New run")

    app = in_the_house(story, tmp_path, size=(200, 60))
    assert app.exit_code == 4


def test_a_failure_before_the_run_says_what_happened_and_where(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await house.tell(LookupError("nobody foresaw this"), until=Phase.FAILED)
        await house.sees("Failed", "nobody foresaw this", "app_support.py", "Press n for another run")
        await house.press("n")
        assert isinstance(house.app.screen, NewRunForm)

    in_the_house(story, tmp_path)


def test_standing_in_for_mnist_cannot_be_overlooked(tmp_path: Path) -> None:
    notice = Notice(message="drawn digits stand in for MNIST", topic="data")

    async def story(house: House) -> None:
        await trained(house, notice)
        await house.sees("drawn digits stand in for MNIST")

    in_the_house(story, tmp_path, size=(80, 24))


# Keys


def test_the_digits_open_the_screens(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        for key, shown in (
            ("2", "Requirements"),
            ("3", "Train one: press 1, then n."),
            ("4", "What the network gets"),
            ("5", "Runs"),
            ("1", "Train a small network"),
        ):
            await house.press(key)
            await house.sees(shown)

    in_the_house(story, tmp_path, begun=False)


def test_a_click_on_a_tab_opens_it(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await house.pilot.click("TitleBar", offset=(house.title.index("3 Evaluate"), 0))
        await house.sees("Train one: press 1, then n.")

    in_the_house(story, tmp_path, begun=False)


def test_what_happens_meanwhile_is_there_on_coming_back(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await trained(house)
        await house.press("3")
        await ended(house, FINISHED, until=Phase.FINISHED)
        await house.sees("● finished")
        await house.press("1")
        await house.sees("best test accuracy", "+ One more epoch")

    in_the_house(story, tmp_path)


OFFERED: dict[str, tuple[tuple[Event, ...], Phase, set[str], set[str]]] = {
    "training": ((), Phase.TRAINING, {"Pause", "Stop"}, {"New run", "Resume", "One more"}),
    "paused": (
        (RunPaused(epoch=2, step=25),),
        Phase.PAUSED,
        {"Resume", "Stop"},
        {"New run", "Pause", "One more"},
    ),
    "stopped": ((STOPPED,), Phase.STOPPED, {"Resume", "New run"}, {"Pause", "Stop", "One more"}),
    "finished": ((FINISHED,), Phase.FINISHED, {"New run", "One more epoch"}, {"Pause", "Resume", "Stop"}),
    "failed": ((FAILED,), Phase.FAILED, {"New run", "Resume"}, {"Pause", "Stop", "One more"}),
}


@pytest.mark.parametrize("state", OFFERED)
def test_the_footer_offers_what_makes_sense_and_so_do_help_and_palette(state: str, tmp_path: Path) -> None:
    events, phase, offered, hidden = OFFERED[state]

    async def story(house: House) -> None:
        await (ended if not phase.is_busy else trained)(house, *events, until=phase)
        await house.until(lambda: all(words in house.footer for words in offered | {"Help", "Quit"}))
        assert not [words for words in hidden if words in house.footer]
        await house.until(lambda: house.app.screen.focused is not None)
        commands = [command.title for command in house.app.get_system_commands(house.app.screen)]
        assert offered | {"Help", "Quit", "Runs"} <= set(commands)
        assert not set(commands) & hidden
        await house.press("question_mark")
        await house.sees("Keys", *offered, "Light / dark")
        frame = house.app.screen.query_one(VerticalScroll).region
        keys = "\n".join(
            line[frame.x : frame.right] for line in house.text.splitlines()[frame.y : frame.bottom]
        )
        assert not [words for words in hidden if words in keys]

    in_the_house(story, tmp_path, size=(200, 60))


def test_before_a_run_there_are_no_keys_for_its_charts(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await house.sees("n New run")
        assert house.footer.split() == ["n", "New", "run", "?", "Help", "q", "Quit"]

    in_the_house(story, tmp_path, begun=False)


def test_at_80_columns_the_keys_that_matter_while_training_are_in_the_footer(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await trained(house)
        keys = ("space Pause", "s Stop", "? Help", "q Quit")
        await house.until(lambda: all(key in house.footer for key in keys))

    in_the_house(story, tmp_path, size=(80, 24))


def test_help_closes_with_any_key_people_try(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        for key in ("escape", "q", "question_mark", "enter"):
            await house.press("question_mark")
            assert isinstance(house.app.screen, HelpScreen)
            await house.press(key)
            assert not isinstance(house.app.screen, HelpScreen), key
            assert house.app._exit is False

    in_the_house(story, tmp_path, begun=False)


@pytest.mark.parametrize(("width", "beside"), [(80, True), (50, False)])
def test_help_tells_the_keys_of_the_screen_from_those_of_all(
    width: int, beside: bool, tmp_path: Path
) -> None:
    async def story(house: House) -> None:
        await trained(house)
        await house.press("question_mark")
        await house.sees("This screen", "Pause", "Zoom in")
        heads = next(line for line in house.text.splitlines() if "This screen" in line)
        assert ("Everywhere" in heads) is beside
        assert {key.words for key in active_keys(house.app.screen_stack[0]) if key.everywhere} == {
            *("Train", "Model", "Evaluate", "Draw", "Runs"),
            *("Help", "Quit", "Quit at once", "Light / dark", "Find a command"),
        }

    in_the_house(story, tmp_path, size=(width, 30))


def test_a_dialog_leaves_the_screen_behind_it_to_be_seen(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await house.press("question_mark")
        await house.sees("Everywhere", "1 Train")
        await house.press("escape")
        await open_form(house)
        await house.sees("q Quit")

    in_the_house(story, tmp_path, begun=False)


def test_the_palette_offers_everything_once(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await trained(house)
        commands = [command.title for command in house.app.get_system_commands(house.app.screen)]
        assert len(commands) == len(set(commands))
        assert {"Theme", "Screenshot", "Quit", "Help"} <= set(commands)
        assert "Keys" not in commands

    in_the_house(story, tmp_path)


def test_the_palette_runs_a_key(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await house.press("ctrl+p")
        await house.type("evaluate")
        await house.until(lambda: "Key 3" in house.text)
        await house.press("enter")
        await house.sees("Train one: press 1, then n.")

    in_the_house(story, tmp_path, begun=False)


def test_a_command_that_was_chosen_in_haste_is_not_the_next_screens(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await house.press("question_mark")
        await house.until(lambda: isinstance(house.app.screen, HelpScreen))
        close = next(
            command for command in house.app.get_system_commands(house.app.screen) if command.title == "Close"
        )
        await house.press("escape")
        await house.until(lambda: not isinstance(house.app.screen, HelpScreen))
        below = house.app.screen
        await close.callback()
        await house.pilot.pause()
        assert house.app.screen is below

    in_the_house(story, tmp_path, begun=False)


def test_the_theme_is_remembered(tmp_path: Path) -> None:
    async def change(house: House) -> None:
        await house.press("t")
        assert not house.app.current_theme.dark

    async def look(house: House) -> None:
        assert not house.app.current_theme.dark

    in_the_house(change, tmp_path, begun=False)
    in_the_house(look, tmp_path, begun=False)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"theme": 3, "form": []}', '{"theme": "no such theme"}'])
def test_a_damaged_memory_is_no_obstacle(content: str, tmp_path: Path) -> None:
    (tmp_path / "dashboard.json").write_text(content)

    async def story(house: House) -> None:
        await house.sees("Train a small network")
        await house.press("t")

    in_the_house(story, tmp_path, begun=False)
    assert json.loads((tmp_path / "dashboard.json").read_text())["theme"] == "mnist-paper"


# Leaving


def test_q_leaves_at_once_when_nothing_runs(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await house.press("q")

    assert in_the_house(story, tmp_path, begun=False).return_value == 0


def test_q_asks_while_training_and_no_goes_on(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await trained(house)
        await house.press("q")
        assert isinstance(house.app.screen, LeaveDialog)
        await house.press("n")
        assert not isinstance(house.app.screen, LeaveDialog)
        assert not house.job.controls[0].stop_reason

    in_the_house(story, tmp_path)


def test_leaving_waits_for_the_checkpoint(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await trained(house)
        await house.press("q", "y")
        await house.sees("Saving a checkpoint", "● stopping")
        assert house.app._exit is False
        house.job.tell(STOPPED, None)
        await house.until(lambda: house.app._exit)

    assert in_the_house(story, tmp_path).return_value == 0


def test_ctrl_c_over_another_question_asks_its_own(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await trained(house)
        await house.press("question_mark", "ctrl+c")
        assert isinstance(house.app.screen, LeaveDialog)
        await house.press("ctrl+c")
        house.job.tell(STOPPED, None)
        await house.until(lambda: house.app._exit)

    assert in_the_house(story, tmp_path).return_value == 130


def test_leaving_after_a_failure_says_so_to_the_shell(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await ended(house, FAILED, until=Phase.FAILED)
        await house.press("q")

    assert in_the_house(story, tmp_path).return_value == 4


def test_a_run_that_fails_while_it_is_left_fails_the_program(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await trained(house)
        await house.press("q", "y")
        house.job.tell(FAILED, None)
        await house.until(lambda: house.app._exit)

    assert in_the_house(story, tmp_path).return_value == 4


# The form


def values(house: House) -> dict[str, object]:
    return {row.setting: row.value for row in house.app.screen.query(SettingRow)}


async def open_form(house: House) -> None:
    await house.press("n")
    await house.sees("New run", "The recipe these settings start from.")


def row_of(house: House, setting: str) -> SettingRow:
    return next(row for row in house.app.screen.query(SettingRow) if row.setting == setting)


async def fill(house: House, setting: str, text: str) -> None:
    row_of(house, setting).query_one(Input).value = text
    await house.pilot.pause()


def test_the_form_has_every_setting_as_the_recipe_has_it(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await open_form(house)
        expected = TrainConfig().to_dict()
        del expected["extra_epochs"]
        assert values(house) == expected

    in_the_house(story, tmp_path, begun=False)


def test_the_form_says_in_full_what_a_setting_is_and_what_is_wrong_also_at_80_columns(tmp_path: Path) -> None:
    def verdict(house: House) -> str:
        return " ".join(line[5:49].strip(" │") for line in house.text.splitlines()[-4:-2]).strip()

    async def story(house: House) -> None:
        await open_form(house)
        await house.press("tab", "tab")
        await house.until(lambda: verdict(house) == SETTINGS["model"].help)
        await fill(house, "epochs", "fifteen")
        await house.until(lambda: verdict(house) == "epochs is 'fifteen', but must be a whole number")

    in_the_house(story, tmp_path, size=(80, 24), begun=False)


def test_the_form_marks_the_setting_with_the_focus_and_no_other(tmp_path: Path) -> None:
    def marked(house: House) -> list[str]:
        rows = house.app.screen.query(SettingRow)
        return [row.setting for row in rows if "bold" in str(row.render().spans[0].style)]  # type: ignore[union-attr]

    async def story(house: House) -> None:
        await open_form(house)
        await house.until(lambda: marked(house) == ["recipe"])
        await house.press("tab", "tab")
        await house.until(lambda: marked(house) == ["model"])

    in_the_house(story, tmp_path, begun=False)


def test_a_recipe_with_a_model_of_its_own_brings_it_and_takes_it_away_again(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await open_form(house)
        recipe = house.app.screen.query(SettingRow).first().query_one(Select)
        for name in ("teacher", "accurate"):
            recipe.value = name
            await house.until(lambda: values(house)["model"] == RECIPES[name].model)  # noqa: B023

    in_the_house(story, tmp_path, begun=False)


def test_another_recipe_fills_the_form_but_leaves_data_and_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = TrainConfig(recipe="other", model="reference", epochs=2, lr=0.5, schedule="constant")
    monkeypatch.setitem(RECIPES, "other", other)  # type: ignore[arg-type]

    async def story(house: House) -> None:
        await open_form(house)
        await fill(house, "model", "linear")
        house.app.screen.query(SettingRow).first().query_one(Select).value = "other"
        await house.until(lambda: values(house)["epochs"] == 2)
        expected = other.replace(model="linear").to_dict()
        del expected["extra_epochs"]
        assert values(house) == expected

    in_the_house(story, tmp_path, begun=False)


BAD = [
    ("epochs", "0", "epochs is 0", "Must be between 1 and 1,000,000"),
    ("epochs", "many", "epochs is 'many'", "Must be a whole number"),
    ("lr", "nan", "lr is nan", "Must be a finite number"),
    ("batch_size", "", "batch_size is ''", "Must be a whole number"),
    ("model", "no-such-model", "no-such-model", "no-such-model"),
    ("model", "nowhere.py:Net", "nowhere.py", "nowhere.py"),
    ("rotation", "[b", "rotation is '[b'", "Must be a finite number"),
]


def test_a_bad_value_is_said_as_one_types_and_does_not_begin(tmp_path: Path) -> None:
    """In full below the form, and beside the field what would do."""

    async def story(house: House) -> None:
        await open_form(house)
        for setting, text, complaint, beside in BAD:
            await fill(house, setting, text)
            await house.sees(complaint)
            assert beside in row_of(house, setting).words
            await house.press("ctrl+s")
            assert isinstance(house.app.screen, NewRunForm)
            assert house.app.session.training is None
            row_of(house, setting).value = TrainConfig().to_dict()[setting]
        await house.until(lambda: row_of(house, "rotation").words == SETTINGS["rotation"].help)

    in_the_house(story, tmp_path, begun=False, size=(200, 60))


def test_what_departs_from_the_recipe_stands_out(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await open_form(house)
        await fill(house, "epochs", "3")
        await house.until(lambda: row_of(house, "epochs").has_class("-changed"))
        await fill(house, "epochs", "15")
        await house.until(lambda: not house.app.screen.query("SettingRow.-changed"))

    in_the_house(story, tmp_path, begun=False)


def test_escape_leaves_everything_as_it_was(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await open_form(house)
        await fill(house, "epochs", "3")
        await house.press("escape")
        assert house.app.session.phase is Phase.IDLE
        assert house.app.seed == TrainConfig()
        await open_form(house)
        assert values(house)["epochs"] == 15

    in_the_house(story, tmp_path, begun=False)
    assert not (tmp_path / "dashboard.json").exists()


def beginning(setting: str) -> Callable[[House], object]:
    """Press Enter in that field."""

    async def story(house: House) -> None:
        await open_form(house)
        await fill(house, "epochs", "3")
        row_of(house, setting).query_one("Input, Select").focus()
        await house.pilot.pause()
        await house.press("enter")
        await house.until(lambda: house.app.session.training is not None)

    return story


@pytest.mark.parametrize("setting", ["dataset", "epochs"])
def test_enter_begins_from_any_field_and_the_form_is_remembered(
    setting: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[TrainConfig] = []

    def run(job: NewRun, control: Control, report: object) -> None:
        asked.append(job.config)

    monkeypatch.setattr(NewRun, "__call__", run)
    in_the_house(beginning(setting), tmp_path, begun=False)  # type: ignore[arg-type]
    assert asked == [TrainConfig(epochs=3)]
    assert json.loads((tmp_path / "dashboard.json").read_text())["form"]["epochs"] == 3


def test_a_second_run_is_refused_while_one_trains(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await trained(house)
        house.app.begin(house.job)
        await house.until(lambda: "stop it first" in house.toasts)

    in_the_house(story, tmp_path)


# Sizes


def test_a_storm_of_sizes_leaves_a_whole_picture(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await trained(house)
        for width, height in ((1, 1), (300, 90), (20, 5), (80, 24), (119, 29), (200, 60), (2, 80), (120, 36)):
            await house.pilot.resize_terminal(width, height)
            house.job.tell(progress(2, 6), row(2))
        await house.sees("● training", "Epochs", "Loss", "q Quit")

    in_the_house(story, tmp_path)


def test_the_form_fits_a_small_terminal(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await house.press("n")
        await house.sees("New run", "Begin", "Cancel")
        await house.pilot.resize_terminal(40, 12)
        await house.sees("New run", "Begin", "Cancel")

    in_the_house(story, tmp_path, begun=False, size=(80, 24))


def test_fetching_then_training_moves_on_from_the_wait(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await house.tell(FETCHING, until=Phase.FETCHING)
        await trained(house)
        await house.sees("Epochs")

    in_the_house(story, tmp_path)


def test_a_theme_changed_on_one_screen_is_worn_by_the_others(tmp_path: Path) -> None:
    """A screen that comes back is not styled anew, so that it must have been at once."""

    async def story(house: House) -> None:
        first = house.app.screen
        title = first.query_one(TitleBar)
        dark = title.styles.background
        await house.press("5")
        await house.until(lambda: house.app.screen is not first)
        await house.press("t", "1")
        await house.until(lambda: house.app.screen is first and title.styles.background != dark)
        light = title.styles.background
        await house.press("5", "1")
        await house.until(lambda: house.app.screen is first)
        assert title.styles.background == light

    in_the_house(story, tmp_path, begun=False)


def test_a_screens_key_that_comes_after_the_palettes_leaves_it_where_it_is(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.app.action_command_palette()
        await house.app.action_open("runs")  # as while a widget was still busy with that key
        await house.until(lambda: bool(house.app.screen.query(CommandList)))
        await house.press("escape")
        await house.until(lambda: not isinstance(house.app.screen, Palette))
        assert house.app.current_mode == "train"

    in_the_house(story, tmp_path, begun=False)


def test_a_palette_that_is_opened_before_the_last_one_has_gone(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.app.action_command_palette()
        await house.until(lambda: bool(house.app.screen.query(CommandList)))
        house.app.screen.dismiss()
        house.app.action_command_palette()
        await house.until(lambda: bool(house.app.screen.query(CommandList)))
        assert isinstance(house.app.screen, Palette)

    in_the_house(story, tmp_path, begun=False)


def test_a_palette_without_room_for_a_command_takes_its_keys(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await house.pilot.press("ctrl+p")
        await house.until(lambda: isinstance(house.app.screen, Palette))
        commands = house.app.screen.query_one(CommandList)
        await house.until(lambda: bool(commands.option_count))
        for key in ("pageup", "pagedown", "up", "down", "home", "end"):
            await house.pilot.press(key)
        assert not commands.scrollable_content_region
        assert isinstance(house.app.screen, Palette)

    in_the_house(story, tmp_path, begun=False, size=(20, 3))


def test_a_click_on_a_command_that_has_just_gone_is_a_click_on_nothing(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await house.press("ctrl+p")
        await house.until(lambda: isinstance(house.app.screen, Palette))
        commands = house.app.screen.query_one(CommandList)
        await house.until(lambda: commands.option_count > 0)
        gone = Style.from_meta({"option": commands.option_count})
        at = commands.region.offset
        commands.post_message(Click(commands, 0, 0, 0, 0, 1, False, False, False, *at, gone))
        await house.pilot.pause()
        assert isinstance(house.app.screen, Palette)

    in_the_house(story, tmp_path, begun=False)


def test_what_is_pressed_where_the_terminal_has_no_more_cells_is_the_screen(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        mouse: tuple[Any, ...] = (500, 500, 0, 0, 1, False, False, False, 500, 500)
        await house.until(lambda: bool(house.app.screen.query(Chart)))
        chart = house.app.screen.query(Chart).first()
        chart.post_message(MouseDown(chart, *mouse))
        await house.pilot.pause()
        await house.press("ctrl+p")
        await house.until(lambda: isinstance(house.app.screen, Palette))
        palette = house.app.screen
        palette.post_message(Click(palette, *mouse))
        await house.until(lambda: house.app.screen is not palette)  # as a click beside it does
        assert house.app.is_running

    in_the_house(story, tmp_path)


@pytest.mark.parametrize("event", [Key("a", "a"), Click(None, 5, 5, 0, 0, 1, False, False, False)])
def test_what_is_pressed_when_the_last_screen_has_gone_is_for_nobody(
    event: InputEvent, tmp_path: Path
) -> None:
    async def press() -> None:
        # Before it has its screens as after it has taken them down.
        app = Dashboard(
            TrainConfig(), Folders(tmp_path, tmp_path), memory=Memory(tmp_path / "dashboard.json")
        )
        assert not app.screen_stack
        await app.on_event(event)

    asyncio.run(press())


def test_a_palette_that_is_closed_while_it_looks_for_commands_is_no_failure(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await house.press("ctrl+p")
        await house.until(lambda: isinstance(house.app.screen, Palette))
        palette = house.app.screen
        assert isinstance(palette, Palette)
        await palette.query_one(CommandList).remove()  # as while it is closed
        worker = palette._gather_commands("train")
        await house.until(lambda: worker.is_finished)
        assert worker.error is not None
        await house.press("escape")
        await house.until(lambda: palette not in house.app.screen_stack)
        assert house.app.is_running

    in_the_house(story, tmp_path, begun=False)


@pytest.mark.parametrize("keys", [("ctrl+p",), ("question_mark", "ctrl+p"), ("question_mark",), ("n",)])
def test_a_screen_that_is_closed_twice_closes_once(keys: tuple[str, ...], tmp_path: Path) -> None:
    async def story(house: House) -> None:
        before = len(house.app.screen_stack)
        for number, key in enumerate(keys, 1):
            await house.pilot.press(key)
            await house.until(lambda more=number: len(house.app.screen_stack) == before + more)  # type: ignore[misc]
        top = house.app.screen

        def click() -> None:  # beside it
            top.dismiss()

        for _ in range(3):
            top.call_later(click)
        await house.until(lambda: top not in house.app.screen_stack)
        await house.pilot.pause()
        assert len(house.app.screen_stack) == before + len(keys) - 1

    in_the_house(story, tmp_path, begun=False)


def test_two_sizes_at_once_do_not_call_forth_each_other(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        screen, taken = house.app.screen, []

        def take(_: object) -> None:
            taken.append(screen.outer_size)
            if len(taken) == 20:  # it would go on for ever, and nothing else would have its turn
                screen.stack_updates = 0

        screen.screen_layout_refresh_signal.subscribe(screen, take)
        with house.app.batch_update():  # as while a screen comes up
            screen.post_message(Resize(house.app.size, house.app.size))
            screen.call_later(lambda: None)  # or the next size would take the place of this one
            screen._refresh_layout(Size(200, 60))  # which was the terminal's a moment ago
            await house.pilot.pause()
        assert 0 < len(taken) < 20
        assert screen.outer_size == house.app.size

    in_the_house(story, tmp_path, begun=False)


def test_the_list_of_themes_is_closed_once_by_two_clicks_beside_it(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        below = house.app.screen
        house.app.search_themes()
        await house.sees("Find a theme", "mnist-paper")
        themes = house.app.screen

        def dismiss() -> None:
            themes.dismiss()

        for _ in range(2):
            themes.call_later(dismiss)
        await house.until(lambda: house.app.screen is below)
        house.app.search_themes()
        await house.sees("mnist-paper")
        await house.type("paper")
        await house.sees("mnist-paper")
        await house.press("enter")
        await house.until(lambda: house.app.theme == "mnist-paper")

    in_the_house(story, tmp_path, begun=False)


def test_a_screen_that_is_closed_while_it_comes_up_is_no_error(tmp_path: Path) -> None:
    """A key in haste may close it at any turn of the loop: before its children are there, and after."""

    async def closed_after(turns: int, screen: Screen[Any], house: House) -> None:
        house.app.push_screen(screen)
        for _ in range(turns):
            await asyncio.sleep(0)
        screen.dismiss()
        await house.until(lambda: house.app.screen is not screen)

    async def story(house: House) -> None:
        for turns in range(6):
            await closed_after(turns, ConfirmDialog("Delete", "Really?", danger=True), house)
            await closed_after(turns, AskDialog("Name", "Which?", check=lambda _: ""), house)
            await closed_after(turns, ExportDialog("a-run"), house)
            await closed_after(turns, NewRunForm(house.app.seed, house.app.memory), house)
            await closed_after(turns, CompareScreen([]), house)

    in_the_house(story, tmp_path, begun=False)


def test_the_second_of_two_quick_answers_is_no_error(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        answers: list[str | None] = []
        dialog = AskDialog("Name", "Which?", "one", check=lambda _: "")

        async def ask() -> None:
            answers.append(await house.app.push_screen_wait(dialog))

        def give(answer: str | None) -> None:
            dialog.dismiss(answer)

        house.app.run_worker(ask())
        await house.until(lambda: house.app.screen is dialog and dialog.is_mounted)
        for answer in ("one", None):
            dialog.call_later(give, answer)
        await house.until(lambda: bool(answers))
        await house.pilot.pause()
        assert answers == ["one"]

    in_the_house(story, tmp_path, begun=False)
