"""The dashboard as a person meets it: what each state shows, and which keys do what."""

from __future__ import annotations

import asyncio
import json
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

from mnist_tui.config import TrainConfig
from mnist_tui.events import DataProgress, Event, Notice, Preparing, RunPaused, RunResumed
from mnist_tui.training.jobs import Folders, Job
from mnist_tui.tui.active_keys import active_keys
from mnist_tui.tui.app import Dashboard, LeaveDialog
from mnist_tui.tui.preferences import Preferences
from mnist_tui.tui.run_draft import RunDraft
from mnist_tui.tui.screens.compare import CompareScreen
from mnist_tui.tui.screens.dialogs.base import AskDialog, ConfirmDialog
from mnist_tui.tui.screens.dialogs.export import ExportDialog
from mnist_tui.tui.screens.help import HelpScreen
from mnist_tui.tui.screens.new_run import NewRunScreen
from mnist_tui.tui.screens.settings_form import SettingsForm
from mnist_tui.tui.session import SessionPhase
from mnist_tui.tui.textual_fixes.command_palette import SafeCommandPalette
from mnist_tui.tui.widgets.charts.chart import Chart
from mnist_tui.tui.widgets.frame import loading
from mnist_tui.tui.widgets.frame.title_bar import TitleBar
from tests.tui.app_support import SIZES, OpenDashboard, run_started, with_dashboard
from tests.tui.support import epoch_events, progress, row
from tests.tui.test_session import EPOCH, FAILED, FETCHING, FINISHED, STOPPED

RUNNING: tuple[Event, ...] = (run_started(), *epoch_events(1), EPOCH, progress(2, 5))


async def trained(dashboard: OpenDashboard, *events: Event, until: SessionPhase = SessionPhase.TRAINING) -> None:
    """A run is on the screen, its first epoch done; then these."""
    await dashboard.report(*RUNNING, until=SessionPhase.TRAINING)
    await dashboard.report(*events, until=until)


async def ended(dashboard: OpenDashboard, *events: Event, until: SessionPhase) -> None:
    await trained(dashboard, *events, until=until)
    dashboard.job.report(None)
    await dashboard.until(lambda: not dashboard.app.session.training.is_alive)  # type: ignore[union-attr]
    await dashboard.pilot.pause()


async def open_recipes(dashboard: OpenDashboard) -> None:
    await dashboard.press("n")
    await dashboard.wait_for_text("New run", "accuracy")


# What is drawn


def test_nothing_yet_says_which_key_begins(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        for size in SIZES:
            await dashboard.pilot.resize_terminal(*size)
            await dashboard.wait_for_text("Train a small network", "● ready", "n   New run", "q Quit")

    with_dashboard(scenario, tmp_path, has_job=False)


def test_loading_torch_is_said(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await dashboard.wait_for_text("● loading torch", "takes a second or two")
        assert "--%" not in dashboard.text

    with_dashboard(scenario, tmp_path)


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

    async def scenario(dashboard: OpenDashboard) -> None:
        await dashboard.report(fetched(0), until=SessionPhase.FETCHING)
        now[0] += 10
        await dashboard.report(fetched(2))
        await dashboard.wait_for_text("● getting data", "Fetching mnist: train-images", "0:40 left")
        assert "MB" in dashboard.text

    with_dashboard(scenario, tmp_path)


def test_drawing_digits_counts_images(tmp_path: Path) -> None:
    drawing = DataProgress(
        dataset="synthetic", stage="drawing", item="training digits", done=4096, total=60_000, unit="images"
    )

    async def scenario(dashboard: OpenDashboard) -> None:
        await dashboard.report(drawing, until=SessionPhase.FETCHING)
        await dashboard.wait_for_text("Drawing synthetic: training digits", "4,096 of 60,000 images")

    with_dashboard(scenario, tmp_path)


def test_compiling_is_said(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await dashboard.report(Preparing(what="compiling the training step for AVX-512"), until=SessionPhase.COMPILING)
        await dashboard.wait_for_text("● compiling", "Compiling the training step for AVX-512 …")

    with_dashboard(scenario, tmp_path)


@pytest.mark.parametrize("size", SIZES)
def test_training_shows_the_run(size: tuple[int, int], tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await trained(dashboard)
        await dashboard.wait_for_text("● training", "epoch 2/5", "1,000 img/s", "Epochs", "Loss")
        assert "mnist" in dashboard.title or size[0] < 100

    with_dashboard(scenario, tmp_path, size=size)


@pytest.mark.parametrize("model", [{"name": "reference"}, {"name": "reference", "summary": {"layers": 3}}])
def test_a_run_whose_log_has_no_layer_table_says_so(model: dict[str, object], tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await dashboard.report(run_started(model=model), EPOCH, until=SessionPhase.TRAINING)
        await dashboard.wait_for_text("no layer table")
        await dashboard.press("2")
        await dashboard.wait_for_text("no layer table")

    with_dashboard(scenario, tmp_path, size=(200, 60))


def test_evaluating_is_told_apart(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await trained(dashboard, progress(2, 500, steps=1000, phase="evaluating"), until=SessionPhase.EVALUATING)
        await dashboard.wait_for_text("● evaluating", "testing")

    with_dashboard(scenario, tmp_path)


def test_pausing_paused_and_going_on(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await trained(dashboard)
        await dashboard.press("space")
        await dashboard.wait_for_text("● pausing")
        assert dashboard.job.controls[0].is_paused
        await dashboard.report(RunPaused(epoch=2, step=25), until=SessionPhase.PAUSED)
        await dashboard.wait_for_text("● paused", "space Resume")
        await dashboard.press("space")
        assert not dashboard.job.controls[0].is_paused
        await dashboard.report(RunResumed(epoch=2, step=25), progress(2, 6), until=SessionPhase.TRAINING)
        await dashboard.wait_for_text("● training", "space Pause")

    with_dashboard(scenario, tmp_path)


def test_stopping_and_stopped(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await trained(dashboard)
        await dashboard.press("s")
        await dashboard.wait_for_text("● stopping", "◌ epoch 2/5")
        assert dashboard.job.controls[0].stop_reason == "stopped from the dashboard"
        assert "Stop" not in dashboard.footer
        await dashboard.report(STOPPED, None, until=SessionPhase.STOPPED)
        await dashboard.wait_for_text("● stopped", "Stopped: enough.", "space Resume", "n New run")

    with_dashboard(scenario, tmp_path)


def test_finished_shows_the_statistics_and_offers_one_more_epoch(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await ended(dashboard, FINISHED, until=SessionPhase.FINISHED)
        await dashboard.wait_for_text("● finished", "best test accuracy", "+ One more epoch", "n New run")
        assert "Resume" not in dashboard.footer

    with_dashboard(scenario, tmp_path)


def test_a_failed_run_says_what_happened_where_the_log_is_and_what_to_do(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await ended(dashboard, FAILED, until=SessionPhase.FAILED)
        await dashboard.wait_for_text("● failed", "it broke", "Mend it.", "The log is", "space Resume", "n New run")

    app = with_dashboard(scenario, tmp_path, size=(200, 60))
    assert app.exit_code == 4


def test_a_failure_before_the_run_says_what_happened_and_where(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await dashboard.report(LookupError("this was not foreseen"), until=SessionPhase.FAILED)
        await dashboard.wait_for_text("Failed", "this was not foreseen", "app_support.py", "Press n for another run")
        await dashboard.press("n")
        assert isinstance(dashboard.app.screen, NewRunScreen)

    with_dashboard(scenario, tmp_path)


def test_standing_in_for_mnist_cannot_be_overlooked(tmp_path: Path) -> None:
    notice = Notice(message="drawn digits stand in for MNIST", topic="data")

    async def scenario(dashboard: OpenDashboard) -> None:
        await trained(dashboard, notice)
        await dashboard.wait_for_text("drawn digits stand in for MNIST")

    with_dashboard(scenario, tmp_path, size=(80, 24))


# Keys


def test_the_digits_open_the_screens(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        for key, shown in (
            ("2", "Requirements"),
            ("3", "Train one: press n."),
            ("4", "Network input"),
            ("5", "Runs"),
            ("1", "Train a small network"),
        ):
            await dashboard.press(key)
            await dashboard.wait_for_text(shown)

    with_dashboard(scenario, tmp_path, has_job=False)


def test_a_click_on_a_tab_opens_it(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await dashboard.pilot.click("TitleBar", offset=(dashboard.title.index("3 Evaluate"), 0))
        await dashboard.wait_for_text("Train one: press n.")

    with_dashboard(scenario, tmp_path, has_job=False)


def test_what_happens_meanwhile_is_there_on_coming_back(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await trained(dashboard)
        await dashboard.press("3")
        await ended(dashboard, FINISHED, until=SessionPhase.FINISHED)
        await dashboard.wait_for_text("● finished")
        await dashboard.press("1")
        await dashboard.wait_for_text("best test accuracy", "+ One more epoch")

    with_dashboard(scenario, tmp_path)


OFFERED: dict[str, tuple[tuple[Event, ...], SessionPhase, set[str], set[str]]] = {
    "training": ((), SessionPhase.TRAINING, {"Pause", "Stop"}, {"New run", "Resume", "One more"}),
    "paused": (
        (RunPaused(epoch=2, step=25),),
        SessionPhase.PAUSED,
        {"Resume", "Stop"},
        {"New run", "Pause", "One more"},
    ),
    "stopped": ((STOPPED,), SessionPhase.STOPPED, {"Resume", "New run"}, {"Pause", "Stop", "One more"}),
    "finished": (
        (FINISHED,),
        SessionPhase.FINISHED,
        {"New run", "One more epoch"},
        {"Pause", "Resume", "Stop"},
    ),
    "failed": ((FAILED,), SessionPhase.FAILED, {"New run", "Resume"}, {"Pause", "Stop", "One more"}),
}


@pytest.mark.parametrize("state", OFFERED)
def test_the_footer_offers_what_makes_sense_and_so_do_help_and_palette(state: str, tmp_path: Path) -> None:
    events, phase, offered, hidden = OFFERED[state]

    async def scenario(dashboard: OpenDashboard) -> None:
        await (ended if not phase.is_busy else trained)(dashboard, *events, until=phase)
        await dashboard.until(lambda: all(words in dashboard.footer for words in offered | {"Help", "Quit"}))
        assert not [words for words in hidden if words in dashboard.footer]
        await dashboard.until(lambda: dashboard.app.screen.focused is not None)
        commands = [command.title for command in dashboard.app.get_system_commands(dashboard.app.screen)]
        assert offered | {"Help", "Quit", "Runs"} <= set(commands)
        assert not set(commands) & hidden
        await dashboard.press("question_mark")
        await dashboard.wait_for_text("Keys", *offered, "Light / dark")
        frame = dashboard.app.screen.query_one(VerticalScroll).region
        keys = "\n".join(line[frame.x : frame.right] for line in dashboard.text.splitlines()[frame.y : frame.bottom])
        assert not [words for words in hidden if words in keys]

    with_dashboard(scenario, tmp_path, size=(200, 60))


def test_before_a_run_there_are_no_keys_for_its_charts(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await dashboard.wait_for_text("n New run")
        assert dashboard.footer.split() == ["n", "New", "run", "?", "Help", "q", "Quit"]

    with_dashboard(scenario, tmp_path, has_job=False)


def test_at_80_columns_the_keys_that_matter_while_training_are_in_the_footer(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await trained(dashboard)
        keys = ("space Pause", "s Stop", "? Help", "q Quit")
        await dashboard.until(lambda: all(key in dashboard.footer for key in keys))

    with_dashboard(scenario, tmp_path, size=(80, 24))


def test_help_closes_with_any_key_people_try(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        for key in ("escape", "q", "question_mark", "enter"):
            await dashboard.press("question_mark")
            assert isinstance(dashboard.app.screen, HelpScreen)
            await dashboard.press(key)
            assert not isinstance(dashboard.app.screen, HelpScreen), key
            assert dashboard.app._exit is False

    with_dashboard(scenario, tmp_path, has_job=False)


@pytest.mark.parametrize(("width", "beside"), [(80, True), (50, False)])
def test_help_tells_the_keys_of_the_screen_from_those_of_all(width: int, beside: bool, tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await trained(dashboard)
        await dashboard.press("question_mark")
        await dashboard.wait_for_text("This screen", "Pause", "Zoom in")
        heads = next(line for line in dashboard.text.splitlines() if "This screen" in line)
        assert ("Everywhere" in heads) is beside
        assert {key.description for key in active_keys(dashboard.app.screen_stack[0]) if key.is_global} == {
            *("Train", "Model", "Evaluate", "Draw", "Runs"),
            *("Help", "Quit", "Quit at once", "Light / dark", "Find a command"),
        }

    with_dashboard(scenario, tmp_path, size=(width, 30))


def test_a_dialog_leaves_the_screen_behind_it_to_be_seen(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await dashboard.press("question_mark")
        await dashboard.wait_for_text("Everywhere", "1 Train")
        await dashboard.press("escape")
        await open_recipes(dashboard)
        await dashboard.wait_for_text("1 Train")
        assert "Esc Cancel" in dashboard.footer
        assert "Quit" not in dashboard.footer  # it would do nothing now

    with_dashboard(scenario, tmp_path, has_job=False)


def test_the_palette_offers_everything_once(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await trained(dashboard)
        commands = [command.title for command in dashboard.app.get_system_commands(dashboard.app.screen)]
        assert len(commands) == len(set(commands))
        assert {"Theme", "Screenshot", "Quit", "Help"} <= set(commands)
        assert "Keys" not in commands

    with_dashboard(scenario, tmp_path)


def test_the_palette_runs_a_key(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await dashboard.press("ctrl+p")
        await dashboard.type("what a network gets right")
        await dashboard.until(lambda: "Evaluate" in dashboard.text)
        await dashboard.press("enter")
        await dashboard.wait_for_text("Train one: press n.")

    with_dashboard(scenario, tmp_path, has_job=False)


def test_the_palette_reaches_the_actions_of_other_screens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[Job] = []
    monkeypatch.setattr(Dashboard, "begin", lambda _, job: begun.append(job))

    async def scenario(dashboard: OpenDashboard) -> None:
        app = dashboard.app
        commands = {command.title: command for command in app.get_system_commands(app.screen)}
        assert all(command.help for command in commands.values())
        assert {"Train the quick recipe", "Theme: mnist-frost", "Draw: pen"} <= set(commands)
        commands["Theme: mnist-frost"].callback()
        assert app.theme == "mnist-frost"
        await commands["Runs: compare"].callback()
        assert app.current_mode == "runs"
        await dashboard.until(lambda: "nothing to do this with" in dashboard.toasts)  # there is no run
        assert "Runs: order" not in _titles(dashboard)  # of this screen only what is possible
        await commands["Train the quick recipe"].callback()
        assert app.current_mode == "train"
        assert app.workspace.form_config.recipe == "quick"
        assert len(begun) == 1

    with_dashboard(scenario, tmp_path, has_job=False)


def _titles(dashboard: OpenDashboard) -> list[str]:
    return [command.title for command in dashboard.app.get_system_commands(dashboard.app.screen)]


def test_help_is_searched_by_typing_and_explains_the_screen(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await trained(dashboard)
        await dashboard.press("question_mark")
        await dashboard.wait_for_text("The run in training here", "This screen", "Everywhere", "Panels", "Batch loss")
        await dashboard.press("slash")
        await dashboard.type("checkpoint stop")
        await dashboard.until(lambda: "Panels" not in dashboard.text)
        assert "Stop the run, with a checkpoint" in dashboard.text
        assert "Find a command" not in dashboard.text
        await dashboard.press("escape")
        await dashboard.wait_for_text("Find a command", "Panels")
        await dashboard.type("zzz")
        await dashboard.wait_for_text("No key matches.")
        await dashboard.press("escape", "escape")
        assert not isinstance(dashboard.app.screen, HelpScreen)

    with_dashboard(scenario, tmp_path)


def test_a_command_that_was_chosen_in_haste_is_not_the_next_screens(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await dashboard.press("question_mark")
        await dashboard.until(lambda: isinstance(dashboard.app.screen, HelpScreen))
        close = next(
            command for command in dashboard.app.get_system_commands(dashboard.app.screen) if command.title == "Close"
        )
        await dashboard.press("escape")
        await dashboard.until(lambda: not isinstance(dashboard.app.screen, HelpScreen))
        below = dashboard.app.screen
        await close.callback()
        await dashboard.pilot.pause()
        assert dashboard.app.screen is below

    with_dashboard(scenario, tmp_path, has_job=False)


def test_the_theme_is_remembered(tmp_path: Path) -> None:
    async def change(dashboard: OpenDashboard) -> None:
        await dashboard.press("T")
        assert not dashboard.app.current_theme.dark

    async def look(dashboard: OpenDashboard) -> None:
        assert not dashboard.app.current_theme.dark

    with_dashboard(change, tmp_path, has_job=False)
    with_dashboard(look, tmp_path, has_job=False)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"theme": 3, "form": []}', '{"theme": "no such theme"}'])
def test_damaged_preferences_are_no_obstacle(content: str, tmp_path: Path) -> None:
    (tmp_path / "dashboard.json").write_text(content)

    async def scenario(dashboard: OpenDashboard) -> None:
        await dashboard.wait_for_text("Train a small network")
        await dashboard.press("T")

    with_dashboard(scenario, tmp_path, has_job=False)
    assert json.loads((tmp_path / "dashboard.json").read_text())["theme"] == "mnist-paper"


# Leaving


def test_q_leaves_at_once_when_nothing_runs(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await dashboard.press("q")

    assert with_dashboard(scenario, tmp_path, has_job=False).return_value == 0


def test_q_asks_while_training_and_no_goes_on(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await trained(dashboard)
        await dashboard.press("q")
        assert isinstance(dashboard.app.screen, LeaveDialog)
        await dashboard.press("n")
        assert not isinstance(dashboard.app.screen, LeaveDialog)
        assert not dashboard.job.controls[0].stop_reason

    with_dashboard(scenario, tmp_path)


def test_leaving_waits_for_the_checkpoint(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await trained(dashboard)
        await dashboard.press("q", "y")
        await dashboard.wait_for_text("Saving a checkpoint", "● stopping")
        assert dashboard.app._exit is False
        dashboard.job.report(STOPPED, None)
        await dashboard.until(lambda: dashboard.app._exit)

    assert with_dashboard(scenario, tmp_path).return_value == 0


def test_ctrl_c_over_another_question_asks_its_own(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await trained(dashboard)
        await dashboard.press("question_mark", "ctrl+c")
        assert isinstance(dashboard.app.screen, LeaveDialog)
        await dashboard.press("ctrl+c")
        dashboard.job.report(STOPPED, None)
        await dashboard.until(lambda: dashboard.app._exit)

    assert with_dashboard(scenario, tmp_path).return_value == 130


def test_leaving_after_a_failure_says_so_to_the_shell(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await ended(dashboard, FAILED, until=SessionPhase.FAILED)
        await dashboard.press("q")

    assert with_dashboard(scenario, tmp_path).return_value == 4


def test_a_run_that_fails_while_it_is_left_fails_the_program(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await trained(dashboard)
        await dashboard.press("q", "y")
        dashboard.job.report(FAILED, None)
        await dashboard.until(lambda: dashboard.app._exit)

    assert with_dashboard(scenario, tmp_path).return_value == 4


# Once at a time


def test_a_second_run_is_refused_while_one_trains(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await trained(dashboard)
        dashboard.app.begin(dashboard.job)
        await dashboard.until(lambda: "stop it first" in dashboard.toasts)

    with_dashboard(scenario, tmp_path)


# Sizes


def test_a_storm_of_sizes_leaves_a_whole_picture(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await trained(dashboard)
        for width, height in ((1, 1), (300, 90), (20, 5), (80, 24), (119, 29), (200, 60), (2, 80), (120, 36)):
            await dashboard.pilot.resize_terminal(width, height)
            dashboard.job.report(progress(2, 6), row(2))
        await dashboard.wait_for_text("● training", "Epochs", "Loss", "q Quit")

    with_dashboard(scenario, tmp_path)


def test_fetching_then_training_moves_on_from_the_wait(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await dashboard.report(FETCHING, until=SessionPhase.FETCHING)
        await trained(dashboard)
        await dashboard.wait_for_text("Epochs")

    with_dashboard(scenario, tmp_path)


def test_a_theme_changed_on_one_screen_is_worn_by_the_others(tmp_path: Path) -> None:
    """A screen that comes back is not styled anew, so that it must have been at once."""

    async def scenario(dashboard: OpenDashboard) -> None:
        first = dashboard.app.screen
        title = first.query_one(TitleBar)
        dark = title.styles.background
        await dashboard.press("5")
        await dashboard.until(lambda: dashboard.app.screen is not first)
        await dashboard.press("T", "1")
        await dashboard.until(lambda: dashboard.app.screen is first and title.styles.background != dark)
        light = title.styles.background
        await dashboard.press("5", "1")
        await dashboard.until(lambda: dashboard.app.screen is first)
        assert title.styles.background == light

    with_dashboard(scenario, tmp_path, has_job=False)


def test_a_screens_key_that_comes_after_the_palettes_leaves_it_where_it_is(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        dashboard.app.action_command_palette()
        await dashboard.app.action_open("runs")  # as while a widget was still busy with that key
        await dashboard.until(lambda: bool(dashboard.app.screen.query(CommandList)))
        await dashboard.press("escape")
        await dashboard.until(lambda: not isinstance(dashboard.app.screen, SafeCommandPalette))
        assert dashboard.app.current_mode == "train"

    with_dashboard(scenario, tmp_path, has_job=False)


def test_a_palette_that_is_opened_before_the_last_one_has_gone(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        dashboard.app.action_command_palette()
        await dashboard.until(lambda: bool(dashboard.app.screen.query(CommandList)))
        dashboard.app.screen.dismiss()
        dashboard.app.action_command_palette()
        await dashboard.until(lambda: bool(dashboard.app.screen.query(CommandList)))
        assert isinstance(dashboard.app.screen, SafeCommandPalette)

    with_dashboard(scenario, tmp_path, has_job=False)


def test_a_palette_without_room_for_a_command_takes_its_keys(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await dashboard.pilot.press("ctrl+p")
        await dashboard.until(lambda: isinstance(dashboard.app.screen, SafeCommandPalette))
        commands = dashboard.app.screen.query_one(CommandList)
        await dashboard.until(lambda: bool(commands.option_count))
        for key in ("pageup", "pagedown", "up", "down", "home", "end"):
            await dashboard.pilot.press(key)
        assert not commands.scrollable_content_region
        assert isinstance(dashboard.app.screen, SafeCommandPalette)

    with_dashboard(scenario, tmp_path, has_job=False, size=(20, 3))


def test_a_click_on_a_command_that_has_just_gone_is_a_click_on_nothing(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await dashboard.press("ctrl+p")
        await dashboard.until(lambda: isinstance(dashboard.app.screen, SafeCommandPalette))
        commands = dashboard.app.screen.query_one(CommandList)
        await dashboard.until(lambda: commands.option_count > 0)
        gone = Style.from_meta({"option": commands.option_count})
        at = commands.region.offset
        commands.post_message(Click(commands, 0, 0, 0, 0, 1, False, False, False, *at, gone))
        await dashboard.pilot.pause()
        assert isinstance(dashboard.app.screen, SafeCommandPalette)

    with_dashboard(scenario, tmp_path, has_job=False)


def test_what_is_pressed_where_the_terminal_has_no_more_cells_is_the_screen(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        mouse: tuple[Any, ...] = (500, 500, 0, 0, 1, False, False, False, 500, 500)
        await dashboard.until(lambda: bool(dashboard.app.screen.query(Chart)))
        chart = dashboard.app.screen.query(Chart).first()
        chart.post_message(MouseDown(chart, *mouse))
        await dashboard.pilot.pause()
        await dashboard.press("ctrl+p")
        await dashboard.until(lambda: isinstance(dashboard.app.screen, SafeCommandPalette))
        palette = dashboard.app.screen
        palette.post_message(Click(palette, *mouse))
        await dashboard.until(lambda: dashboard.app.screen is not palette)  # as a click beside it does
        assert dashboard.app.is_running

    with_dashboard(scenario, tmp_path)


@pytest.mark.parametrize("event", [Key("a", "a"), Click(None, 5, 5, 0, 0, 1, False, False, False)])
def test_what_is_pressed_when_the_last_screen_has_gone_is_for_nobody(event: InputEvent, tmp_path: Path) -> None:
    async def press() -> None:
        # Before it has its screens as after it has taken them down.
        app = Dashboard(
            TrainConfig(), Folders(tmp_path, tmp_path), preferences=Preferences(tmp_path / "dashboard.json")
        )
        assert not app.screen_stack
        await app.on_event(event)

    asyncio.run(press())


def test_a_palette_that_is_closed_while_it_looks_for_commands_is_no_failure(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await dashboard.press("ctrl+p")
        await dashboard.until(lambda: isinstance(dashboard.app.screen, SafeCommandPalette))
        palette = dashboard.app.screen
        assert isinstance(palette, SafeCommandPalette)
        await palette.query_one(CommandList).remove()  # as while it is closed
        worker = palette._gather_commands("train")
        await dashboard.until(lambda: worker.is_finished)
        assert worker.error is not None
        await dashboard.press("escape")
        await dashboard.until(lambda: palette not in dashboard.app.screen_stack)
        assert dashboard.app.is_running

    with_dashboard(scenario, tmp_path, has_job=False)


@pytest.mark.parametrize("keys", [("ctrl+p",), ("question_mark", "ctrl+p"), ("question_mark",), ("n",)])
def test_a_screen_that_is_closed_twice_closes_once(keys: tuple[str, ...], tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        before = len(dashboard.app.screen_stack)
        for number, key in enumerate(keys, 1):
            await dashboard.pilot.press(key)
            await dashboard.until(lambda more=number: len(dashboard.app.screen_stack) == before + more)  # type: ignore[misc]
        top = dashboard.app.screen

        def click() -> None:  # beside it
            top.dismiss()

        for _ in range(3):
            top.call_later(click)
        await dashboard.until(lambda: top not in dashboard.app.screen_stack)
        await dashboard.pilot.pause()
        assert len(dashboard.app.screen_stack) == before + len(keys) - 1

    with_dashboard(scenario, tmp_path, has_job=False)


def test_two_sizes_at_once_do_not_call_forth_each_other(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        screen, taken = dashboard.app.screen, []

        def take(_: object) -> None:
            taken.append(screen.outer_size)
            if len(taken) == 20:  # it would go on for ever, and nothing else would have its turn
                screen.stack_updates = 0

        screen.screen_layout_refresh_signal.subscribe(screen, take)
        with dashboard.app.batch_update():  # as while a screen comes up
            screen.post_message(Resize(dashboard.app.size, dashboard.app.size))
            screen.call_later(lambda: None)  # or the next size would take the place of this one
            screen._refresh_layout(Size(200, 60))  # which was the terminal's a moment ago
            await dashboard.pilot.pause()
        assert 0 < len(taken) < 20
        assert screen.outer_size == dashboard.app.size

    with_dashboard(scenario, tmp_path, has_job=False)


def test_the_list_of_themes_is_closed_once_by_two_clicks_beside_it(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        below = dashboard.app.screen
        dashboard.app.search_themes()
        await dashboard.wait_for_text("Find a theme", "mnist-paper")
        themes = dashboard.app.screen

        def dismiss() -> None:
            themes.dismiss()

        for _ in range(2):
            themes.call_later(dismiss)
        await dashboard.until(lambda: dashboard.app.screen is below)
        dashboard.app.search_themes()
        await dashboard.wait_for_text("mnist-paper")
        await dashboard.type("paper")
        await dashboard.wait_for_text("mnist-paper")
        await dashboard.press("enter")
        await dashboard.until(lambda: dashboard.app.theme == "mnist-paper")

    with_dashboard(scenario, tmp_path, has_job=False)


def test_a_screen_that_is_closed_while_it_comes_up_is_no_error(tmp_path: Path) -> None:
    """A key in haste may close it at any turn of the loop: before its children are there, and after."""

    async def closed_after(turns: int, screen: Screen[Any], dashboard: OpenDashboard) -> None:
        dashboard.app.push_screen(screen)
        for _ in range(turns):
            await asyncio.sleep(0)
        screen.dismiss()
        await dashboard.until(lambda: dashboard.app.screen is not screen)

    async def scenario(dashboard: OpenDashboard) -> None:
        for turns in range(6):
            await closed_after(turns, ConfirmDialog("Delete", "Really?", danger=True), dashboard)
            await closed_after(turns, AskDialog("Name", "Which?", check=lambda _: ""), dashboard)
            await closed_after(turns, ExportDialog("a-run"), dashboard)
            await closed_after(turns, NewRunScreen(dashboard.app.workspace), dashboard)
            await closed_after(turns, SettingsForm(RunDraft(TrainConfig())), dashboard)
            await closed_after(turns, CompareScreen(dashboard.app.workspace, []), dashboard)

    with_dashboard(scenario, tmp_path, has_job=False)


def test_the_second_of_two_quick_answers_is_no_error(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        answers: list[str | None] = []
        dialog = AskDialog("Name", "Which?", "one", check=lambda _: "")

        async def ask() -> None:
            answers.append(await dashboard.app.push_screen_wait(dialog))

        def give(answer: str | None) -> None:
            dialog.dismiss(answer)

        dashboard.app.run_worker(ask())
        await dashboard.until(lambda: dashboard.app.screen is dialog and dialog.is_mounted)
        for answer in ("one", None):
            dialog.call_later(give, answer)
        await dashboard.until(lambda: bool(answers))
        await dashboard.pilot.pause()
        assert answers == ["one"]

    with_dashboard(scenario, tmp_path, has_job=False)
