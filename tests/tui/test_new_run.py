"""Starting a run: the recipes, then all settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from textual.events import Key
from textual.widgets import Button, Input

from mnist_tui.config import SETTINGS, TrainConfig
from mnist_tui.recipes import RECIPE_FIGURES, RECIPES, build_config
from mnist_tui.runs.recipe_times import measure_recipes
from mnist_tui.training.jobs import NewRun
from mnist_tui.tui.screens.new_run import NewRunScreen
from mnist_tui.tui.screens.settings_form import SettingsForm
from mnist_tui.tui.session import SessionPhase
from tests import sample_runs
from tests.tui.app_support import OpenDashboard, with_dashboard


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[TrainConfig]:
    """The settings of the runs that were begun."""
    configs: list[TrainConfig] = []
    monkeypatch.setattr(NewRun, "__call__", lambda job, control, report: configs.append(job.config))
    return configs


async def open_recipes(dashboard: OpenDashboard) -> NewRunScreen:
    await dashboard.press("n")
    await dashboard.wait_for_text("New run", "accuracy")
    screen = dashboard.app.screen
    assert isinstance(screen, NewRunScreen)
    return screen


async def open_form(dashboard: OpenDashboard) -> SettingsForm:
    await open_recipes(dashboard)
    await dashboard.press("tab")
    await dashboard.wait_for_text("all settings", "Find a setting")
    screen = dashboard.app.screen
    assert isinstance(screen, SettingsForm)
    return screen


async def until_begun(dashboard: OpenDashboard) -> None:
    await dashboard.until(lambda: dashboard.app.session.training is not None)


def card(dashboard: OpenDashboard, recipe: str) -> list[str]:
    line = next(line for line in dashboard.text.splitlines() if f" {recipe} " in line)
    return line.strip(" │").removeprefix("▸").split()


# The recipes


def test_each_recipe_has_a_card_with_its_figures_at_80_columns_too(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await open_recipes(dashboard)
        for name, figures in RECIPE_FIGURES.items():
            words = " ".join(card(dashboard, name))
            assert words.startswith(f"{name} {RECIPES[name].epochs} ~")
            assert f"{100 * figures.accuracy:.2f} %" in words
            assert figures.summary in words
        await dashboard.pilot.resize_terminal(40, 12)
        await dashboard.wait_for_text("New run", "quick")

    with_dashboard(scenario, tmp_path, size=(80, 24), has_job=False)


def test_every_recipe_has_figures() -> None:
    assert set(RECIPE_FIGURES) == set(RECIPES)


def test_enter_begins_the_recipe_under_the_cursor_and_it_is_remembered(
    tmp_path: Path, asked: list[TrainConfig]
) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await open_recipes(dashboard)
        await dashboard.press("up", "right", "enter")
        await until_begun(dashboard)

    with_dashboard(scenario, tmp_path, has_job=False)
    assert asked == [build_config("quick", dataset="mnist")]
    assert json.loads((tmp_path / "dashboard.json").read_text())["form"]["recipe"] == "quick"


@pytest.mark.parametrize(
    ("keys", "config"),
    [
        (("n", "down", "down", "down", "down", "enter"), build_config("quick")),
        (("n", "down", *"linear", "enter"), build_config("accurate", model="linear")),
    ],
)
def test_keys_that_are_typed_ahead_do_the_same(
    keys: tuple[str, ...], config: TrainConfig, tmp_path: Path, asked: list[TrainConfig]
) -> None:
    """As a macro types, or a slow connection delivers: all at once, before the first of them has been answered."""

    async def scenario(dashboard: OpenDashboard) -> None:
        for key in keys:
            character = key if len(key) == 1 else None
            dashboard.app.post_message(Key(key, character))
        await until_begun(dashboard)

    with_dashboard(scenario, tmp_path, has_job=False)
    assert asked == [config]


def test_keys_that_are_lost_while_the_form_comes_up_do_not_begin_another_run(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        for key in ("n", "tab", *"lr", "tab", *"05", "enter"):
            dashboard.app.post_message(Key(key, key if len(key) == 1 else None))
        await dashboard.wait_for_text("all settings")
        await dashboard.pilot.pause()
        assert dashboard.app.session.training is None or dashboard.app.workspace.form_config.lr == 5

    with_dashboard(scenario, tmp_path, has_job=False)


def test_what_is_typed_is_the_model_and_a_file_is_completed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: list[TrainConfig]
) -> None:
    (tmp_path / "deep.py").write_text("import torch.nn as nn\nclass Deep(nn.Linear): ...\n")
    monkeypatch.chdir(tmp_path)

    async def scenario(dashboard: OpenDashboard) -> None:
        screen = await open_recipes(dashboard)
        await dashboard.press("d", "e")
        await dashboard.wait_for_text("there is no model 'de'")
        await dashboard.press("escape")
        await dashboard.until(lambda: "there is no model" not in dashboard.text)
        await dashboard.press("d", "e")
        assert card(dashboard, "quick")[2:4] == ["–", "–"]
        assert screen.query_one("#begin", Button).disabled
        await dashboard.press("enter")
        assert dashboard.app.session.training is None
        await dashboard.wait_for_text("de▏ep.py", "Tab completes")
        await dashboard.press("tab", "enter")
        await until_begun(dashboard)

    with_dashboard(scenario, tmp_path, has_job=False)
    assert asked == [TrainConfig(model="deep.py")]


def test_an_empty_model_is_the_recipes_own(tmp_path: Path, asked: list[TrainConfig]) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await open_recipes(dashboard)
        await dashboard.press("x", "backspace", "down", "down", "enter")
        await until_begun(dashboard)

    with_dashboard(scenario, tmp_path, has_job=False)
    assert asked == [RECIPES["teacher"]]


def test_what_differs_from_the_recipe_is_said_and_can_be_dropped(tmp_path: Path, asked: list[TrainConfig]) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await open_recipes(dashboard)
        await dashboard.wait_for_text("with lr 0.5 · seed 3")
        assert "–" in card(dashboard, "quick")
        await dashboard.press("down")
        await dashboard.until(lambda: "with lr" not in dashboard.text)
        await dashboard.press("up")
        await dashboard.wait_for_text("with lr 0.5 · seed 3")
        await dashboard.press("backspace")
        await dashboard.until(lambda: "with lr" not in dashboard.text)
        await dashboard.press("enter")
        await until_begun(dashboard)

    with_dashboard(scenario, tmp_path, has_job=False, config=build_config("quick", lr=0.5, seed=3))
    assert asked == [build_config("quick")]


def test_a_click_chooses_and_a_second_one_begins(tmp_path: Path, asked: list[TrainConfig]) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        screen = await open_recipes(dashboard)
        await dashboard.pilot.click("#dataset", offset=(20, 0))
        await dashboard.pilot.click("#cards", offset=(4, 1))
        await dashboard.until(lambda: screen.draft.recipe == "instant")
        await dashboard.pilot.click("#cards", offset=(4, 1))
        await until_begun(dashboard)

    with_dashboard(scenario, tmp_path, has_job=False)
    assert asked == [build_config("instant", dataset="mnist")]


def test_times_are_those_of_this_machines_runs(tmp_path: Path) -> None:
    finished = sample_runs.run_finished()
    config = RECIPES["quick"].to_dict()
    for name, settings in (("own", {"seed": 5}), ("changed", {"lr": 0.1}), ("other", {"model": "linear"})):
        sample_runs.write(tmp_path / "runs", name, sample_runs.epoch(1), finished, **config | settings)
    sample_runs.write(tmp_path / "runs", "open", sample_runs.epoch(1), **RECIPES["instant"].to_dict())
    assert measure_recipes(tmp_path / "runs") == {"quick": finished.seconds}

    async def scenario(dashboard: OpenDashboard) -> None:
        await open_recipes(dashboard)
        await dashboard.until(lambda: "~" not in "".join(card(dashboard, "quick")))
        assert card(dashboard, "instant")[2].startswith("~")

    with_dashboard(scenario, tmp_path, has_job=False)


@pytest.mark.parametrize("button", ["#cancel", "escape"])
def test_it_is_cancelled(button: str, tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await open_recipes(dashboard)
        if button.startswith("#"):
            await dashboard.pilot.click(button)
        else:
            await dashboard.press(button)
        await dashboard.until(lambda: not isinstance(dashboard.app.screen, NewRunScreen))
        assert dashboard.app.session.phase is SessionPhase.IDLE

    with_dashboard(scenario, tmp_path, has_job=False)
    assert not (tmp_path / "dashboard.json").exists()


# All settings


def lines(dashboard: OpenDashboard) -> dict[str, str]:
    """What is beside the name of each setting in view."""
    names = {name.replace("_", " "): name for name in SETTINGS}
    found = {}
    for line in dashboard.text.splitlines():
        name, _, rest = line.strip(" │").partition("  ")
        if name in names:
            found[names[name]] = rest.strip()
    return found


def test_every_setting_is_there_with_its_value_and_help(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await open_form(dashboard)
        shown = lines(dashboard)
        assert set(shown) == set(SETTINGS) - {"extra_epochs"}
        for name in ("epochs", "lr", "optimizer", "backend"):
            assert str(TrainConfig().to_dict()[name]) in shown[name]
            assert shown[name].endswith(SETTINGS[name].help)

    with_dashboard(scenario, tmp_path, size=(200, 60), has_job=False)


def test_two_letters_and_a_number_change_a_setting(tmp_path: Path, asked: list[TrainConfig]) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await dashboard.press("n", "tab", "l", "r", "tab", "full_stop", "1", "enter")
        await until_begun(dashboard)

    with_dashboard(scenario, tmp_path, has_job=False)
    assert asked == [TrainConfig(lr=0.1)]


def test_settings_are_assigned_where_they_are_searched(tmp_path: Path, asked: list[TrainConfig]) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        screen = await open_form(dashboard)
        find = screen.query_one("#find", Input)
        for text in ("batch size=64", "epochs=2"):
            find.value = text
            await dashboard.press("enter")
        find.value = "no such"
        await dashboard.wait_for_text("No such setting")
        await dashboard.press("enter")
        await dashboard.press("ctrl+s")
        await until_begun(dashboard)

    with_dashboard(scenario, tmp_path, has_job=False)
    assert asked == [TrainConfig(batch_size=64, epochs=2)]


def test_choices_are_stepped_typed_and_clicked(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        screen = await open_form(dashboard)
        draft, settings = screen.settings.draft, screen.settings
        await dashboard.press("tab", "down", "right")
        await dashboard.until(lambda: draft.values["dataset"] == "mnist")
        await dashboard.press("k")
        await dashboard.until(lambda: draft.values["dataset"] == "kmnist")
        line = settings._line_number()
        await dashboard.pilot.click("#lines", offset=(18, line))
        await dashboard.until(lambda: draft.values["dataset"] == "fashion-mnist")
        await dashboard.pilot.click("#lines", offset=(43, line))
        await dashboard.until(lambda: draft.values["dataset"] == "kmnist")
        await dashboard.press("up", "up")
        await dashboard.until(lambda: screen.query_one("#find").has_focus)

    with_dashboard(scenario, tmp_path, size=(120, 40), has_job=False)


BAD = [
    ("epochs", "0", "epochs is 0", "Must be between 1 and 1,000,000"),
    ("epochs", "many", "epochs is 'many'", "Must be a whole number"),
    ("lr", "nan", "lr is nan", "Must be a finite number"),
    ("batch_size", "", "batch_size is ''", "Must be a whole number"),
    ("model", "no-such-model", "no-such-model", "no-such-model"),
    ("model", "nowhere.py:Net", "nowhere.py", "nowhere.py"),
    ("rotation", "[b", "rotation is '[b'", "Must be a finite number"),
]


def test_a_bad_value_is_reported_while_it_is_typed_and_does_not_begin(tmp_path: Path) -> None:
    """In full below the form, and beside the field what would do."""

    async def scenario(dashboard: OpenDashboard) -> None:
        screen = await open_form(dashboard)
        for setting, text, complaint, beside in BAD:
            screen.settings.go_to(setting)
            screen.settings.query_one(Input).value = text
            await dashboard.wait_for_text(complaint)
            await dashboard.until(lambda: beside in lines(dashboard)[setting])  # noqa: B023
            await dashboard.press("ctrl+s")
            assert dashboard.app.screen is screen
            assert dashboard.app.session.training is None
            screen.settings.query_one(Input).value = str(TrainConfig().to_dict()[setting])
            screen.settings.commit()
        await dashboard.until(lambda: lines(dashboard)["rotation"].endswith(SETTINGS["rotation"].help))
        await dashboard.until(lambda: not screen.query_one("#begin", Button).disabled)

    with_dashboard(scenario, tmp_path, has_job=False, size=(200, 60))


def test_at_80_columns_the_meaning_of_a_setting_is_given_in_full(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        screen = await open_form(dashboard)
        screen.settings.go_to("model")
        words = SETTINGS["model"].help.split()
        await dashboard.until(lambda: all(word in " ".join(dashboard.text.splitlines()[-5:]) for word in words))
        await dashboard.pilot.resize_terminal(40, 12)
        await dashboard.wait_for_text("all settings", "Begin")

    with_dashboard(scenario, tmp_path, size=(80, 24), has_job=False)


def test_what_differs_from_the_recipe_stands_out_and_stays_on_going_back(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        screen = await open_form(dashboard)
        screen.settings.go_to("epochs")
        screen.settings.query_one(Input).value = "3"
        await dashboard.until(lambda: screen.settings.draft.changed() == {"epochs"})
        line = screen.settings._line("epochs", is_changed=True, width=100)
        assert any("$text-warning" in str(span.style) for span in line.spans)
        await dashboard.press("escape")
        await dashboard.wait_for_text("with epochs 3")
        assert dashboard.app.workspace.form_config == TrainConfig()
        await dashboard.press("escape")
        await open_recipes(dashboard)
        assert "with epochs" not in dashboard.text

    with_dashboard(scenario, tmp_path, has_job=False)


def test_the_form_opens_within_the_time_of_a_few_frames(tmp_path: Path) -> None:
    """It has two fields however many settings there are: a widget for each took most of a second."""

    async def scenario(dashboard: OpenDashboard) -> None:
        screen = await open_form(dashboard)
        assert len(list(screen.walk_children())) < 20

    with_dashboard(scenario, tmp_path, has_job=False)


def test_another_recipe_brings_its_settings_but_leaves_data_and_model(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        screen = await open_form(dashboard)
        draft: Any = screen.settings.draft
        draft.type("dataset", "kmnist")
        draft.type("recipe", "teacher")
        assert draft.to_config() == RECIPES["teacher"].replace(dataset="kmnist")
        draft.type("model", "linear")
        draft.type("recipe", "quick")
        assert draft.to_config() == RECIPES["quick"].replace(dataset="kmnist", model="linear")

    with_dashboard(scenario, tmp_path, has_job=False)
