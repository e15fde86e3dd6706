"""The Runs screen: the list, finding in it, and what is done with a run."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from textual.widgets import Button, Input, Label, OptionList

from mnist_tui.data import my_digits
from mnist_tui.errors import MnistTuiError
from mnist_tui.runs import Run
from mnist_tui.training.jobs import ResumedRun
from mnist_tui.tui.app import Dashboard
from mnist_tui.tui.screens.compare import CompareScreen
from mnist_tui.tui.screens.dialogs.base import AskDialog, ConfirmDialog
from mnist_tui.tui.screens.dialogs.export import ExportDialog
from mnist_tui.tui.screens.new_run import NewRunScreen
from mnist_tui.tui.screens.opened_run import OpenedRunScreen
from mnist_tui.tui.screens.run import RunScreen
from mnist_tui.tui.widgets.frame.key_bar import KeyBar
from mnist_tui.tui.widgets.runs.run_preview import RunPreview, _bars
from mnist_tui.tui.workers.network_export import export_saved_network
from mnist_tui.tui.workspace import ResumeRequested
from tests import sample_runs
from tests.tui.draw_support import write_line_reader
from tests.tui.runs_support import OpenRunsScreen, drive

SIZES = [(80, 24), (120, 36), (200, 60)]


@pytest.fixture
def runs_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "runs"
    sample_runs.write_some(folder)
    return folder


def test_all_runs_are_listed_newest_first_also_the_damaged_one(runs_dir: Path) -> None:
    async def test(runs: OpenRunsScreen) -> None:
        assert runs.names == ["delta", "gamma", "beta", "alpha", "omega"]

    drive(runs_dir, test)


def test_columns_fold_and_are_never_cut_and_the_preview_uses_what_room_there_is(runs_dir: Path) -> None:
    async def test(runs: OpenRunsScreen) -> None:
        for size in SIZES:
            await runs.pilot.resize_terminal(*size)
            await runs.pilot.pause()
            table = runs.screen.browser.table
            lines = [table.render_line(y).text for y in range(table.size.height)]
            assert all(len(line) == table.size.width for line in lines)
            for head in ("run", "status", "best %"):
                assert head in lines[0]
            assert ("recipe" in lines[0]) == (size[0] == 200)
            assert "unreadable" in "".join(lines)
            assert runs.screen.query_one(RunPreview).display is (size[0] > 80)

    drive(runs_dir, test)


def test_an_empty_folder_says_how_to_begin_until_a_run_appears(tmp_path: Path) -> None:
    async def test(runs: OpenRunsScreen) -> None:
        assert "No runs yet" in str(runs.screen.query_one("#nothing").render())
        sample_runs.write_finished(tmp_path / "runs", "first", 0.9)
        await runs.until(lambda: runs.names == ["first"])
        assert not runs.screen.browser.has_class("-empty")

    drive(tmp_path / "runs", test)


def test_an_empty_list_leaves_the_keys_alone_when_something_over_it_closes(tmp_path: Path) -> None:
    async def test(runs: OpenRunsScreen) -> None:
        await runs.pilot.press("ctrl+p")
        await runs.until(lambda: runs.pilot.app.screen is not runs.screen)
        await runs.pilot.press("escape")
        await runs.until(lambda: runs.pilot.app.screen is runs.screen)
        await runs.pilot.press("1")
        await runs.until(lambda: runs.pilot.app.current_mode == "train")

    drive(tmp_path / "runs", test)


def test_typing_filters_and_escape_brings_all_back(runs_dir: Path) -> None:
    async def test(runs: OpenRunsScreen) -> None:
        await runs.press("slash")
        await runs.type("kmn fin")
        await runs.until(lambda: runs.names == ["beta"])
        assert "1 of 5 runs" in str(runs.screen.query_one("#count", Label).render())
        await runs.press("enter")
        assert runs.screen.focused is runs.screen.browser.table
        await runs.press("escape")
        await runs.until(lambda: len(runs.names) == 5)

    drive(runs_dir, test)


def test_a_filter_that_no_run_passes_says_so(runs_dir: Path) -> None:
    async def test(runs: OpenRunsScreen) -> None:
        await runs.press("slash")
        await runs.type("nowhere")
        nothing = runs.screen.query_one("#nothing")
        await runs.until(lambda: nothing.display)
        assert "No run matches nowhere" in str(nothing.render())
        await runs.press("escape")
        await runs.until(lambda: len(runs.names) == 5 and not nothing.display)

    drive(runs_dir, test)


def test_keys_for_a_run_come_with_the_first_one(tmp_path: Path) -> None:
    async def test(runs: OpenRunsScreen) -> None:
        keys = runs.screen.query_one(KeyBar)
        await runs.until(lambda: "Quit" in str(keys.render()))
        assert not [words for words in ("Mark", "Delete", "Filter") if words in str(keys.render())]
        sample_runs.write_finished(tmp_path / "runs", "first", 0.9)
        await runs.until(lambda: all(word in str(keys.render()) for word in ("Mark", "Delete", "Filter")))
        assert str(runs.screen.query_one("#count", Label).render()).startswith("1 run ")

    drive(tmp_path / "runs", test)


def test_o_and_the_heads_order_the_list(runs_dir: Path) -> None:
    async def test(runs: OpenRunsScreen) -> None:
        await runs.press("o")
        assert runs.names[:2] == ["beta", "alpha"]
        assert "best accuracy first" in str(runs.screen.query_one("#count", Label).render())
        await runs.pilot.click("#runs", offset=(6, 0))
        assert runs.names == sorted(runs.names)

    drive(runs_dir, test)


def test_the_cursor_stays_on_its_run_while_others_come(runs_dir: Path) -> None:
    async def test(runs: OpenRunsScreen) -> None:
        await runs.go_to("beta")
        sample_runs.write_finished(runs_dir, "newest", 0.9, created="2026-11-25T00:00:00.000Z")
        await runs.until(lambda: "newest" in runs.names)
        found = runs.screen.browser.selected
        assert found is not None
        assert found.run.name == "beta"

    drive(runs_dir, test)


def test_a_run_written_elsewhere_is_kept_up_to_date(runs_dir: Path) -> None:
    async def test(runs: OpenRunsScreen) -> None:
        with Run(runs_dir / "delta").writer() as writer:
            await runs.until(lambda: _status(runs, "delta") == "training")
            writer.append(sample_runs.epoch(2, 0.95))
            await runs.until(lambda: _epochs(runs, "delta") == 2)
        await runs.until(lambda: _status(runs, "delta") == "interrupted")

    drive(runs_dir, test)


def test_enter_and_a_second_click_open_a_run_and_escape_leaves_it(runs_dir: Path) -> None:
    async def test(runs: OpenRunsScreen) -> None:
        await runs.go_to("alpha")
        await runs.press("enter")
        screen = runs.app.screen
        assert isinstance(screen, RunScreen)
        await runs.until(lambda: len(screen.history.epochs) == 3)
        await runs.press("escape")
        assert runs.app.screen is runs.screen
        await runs.pilot.click("#runs", offset=(6, 2))
        await runs.pilot.click("#runs", offset=(6, 2))
        await runs.until(lambda: isinstance(runs.app.screen, RunScreen))

    drive(runs_dir, test)


def test_a_damaged_run_is_not_opened_but_can_be_deleted(runs_dir: Path) -> None:
    async def test(runs: OpenRunsScreen) -> None:
        await runs.go_to("omega")
        await runs.press("enter")
        assert runs.app.screen is runs.screen
        await runs.until(lambda: any("cannot be read" in toast for toast in runs.toasts))
        await runs.press("delete", "y")
        await runs.until(lambda: "omega" not in runs.names)
        assert not (runs_dir / "omega").exists()

    drive(runs_dir, test)


def test_deleting_asks_first_and_enter_keeps(runs_dir: Path) -> None:
    async def test(runs: OpenRunsScreen) -> None:
        await runs.go_to("alpha")
        for answer in ("n", "escape", "enter"):
            await runs.press("delete")
            await runs.until(lambda: isinstance(runs.app.screen, ConfirmDialog))
            await runs.press(answer)
            await runs.until(lambda: runs.app.screen is runs.screen)
        assert (runs_dir / "alpha").exists()
        await runs.press("delete")
        await runs.until(lambda: isinstance(runs.app.screen, ConfirmDialog))
        await runs.press("right", "enter")
        await runs.until(lambda: "alpha" not in runs.names)
        assert not (runs_dir / "alpha").exists()

    drive(runs_dir, test)


@pytest.mark.parametrize("key", ["delete", "R"])
def test_a_run_in_use_is_neither_deleted_nor_renamed(runs_dir: Path, key: str) -> None:
    async def test(runs: OpenRunsScreen) -> None:
        await runs.go_to("delta")
        with Run(runs_dir / "delta").writer():
            await runs.press(key)
            await runs.until(lambda: runs.toasts)
        await runs.until(lambda: any("being written" in toast for toast in runs.toasts))
        assert runs.app.screen is runs.screen
        assert (runs_dir / "delta").exists()

    drive(runs_dir, test)


def test_renaming_checks_as_one_types_and_keeps_the_mark(runs_dir: Path) -> None:
    async def test(runs: OpenRunsScreen) -> None:
        await runs.go_to("alpha")
        await runs.press("space")
        await runs.go_to("alpha")
        await runs.press("R")
        await runs.until(lambda: isinstance(runs.app.screen, AskDialog))
        line, yes = runs.app.screen.query_one(Input), runs.app.screen.query_one("#yes", Button)
        for name, complaint in (
            ("beta", "There is a run beta already."),
            ("a/b", "letters, digits"),
            ("best run", ""),
        ):
            line.value = name
            await runs.pilot.pause()
            assert complaint in str(runs.app.screen.query_one(".complaint", Label).render())
            assert yes.disabled is bool(complaint)
        await runs.press("enter")
        await runs.until(lambda: "best run" in runs.names and runs.screen.browser.marked.slots == {"best run": 0})
        assert (runs_dir / "best run").is_dir()

    drive(runs_dir, test)


@pytest.mark.parametrize("format", ["csv", "json"])
def test_exporting_writes_the_epoch_table_where_it_is_asked_to(
    runs_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    monkeypatch.chdir(tmp_path)

    async def test(runs: OpenRunsScreen) -> None:
        await runs.go_to("alpha")
        await runs.press("x")
        await runs.until(lambda: isinstance(runs.app.screen, ExportDialog))
        line = runs.app.screen.query_one(Input)
        assert line.value == "./alpha.csv"
        if format == "json":
            await runs.press("down")
            await runs.until(lambda: line.value == "./alpha.json")
        await runs.press("enter")
        await runs.until(lambda: runs.toasts)

    drive(runs_dir, test)
    text = (tmp_path / f"alpha.{format}").read_text()
    rows = json.loads(text) if format == "json" else text.splitlines()[1:]
    assert len(rows) == 3


def test_export_says_what_it_would_replace_and_what_it_cannot_write(runs_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_text("")

    async def test(runs: OpenRunsScreen) -> None:
        await runs.go_to("alpha")
        await runs.press("x")
        await runs.until(lambda: isinstance(runs.app.screen, ExportDialog))
        dialog = runs.app.screen
        for path, words in (
            (tmp_path / "old.csv", "will be replaced"),
            (tmp_path / "table.txt", "End the path in .csv or .json."),
            (tmp_path / "none" / "t.csv", "no folder"),
            ("~no-such-user", "End the path in"),
            ("~no-such-user/t.csv", "no folder"),
            ("a" * 5000 + "/t.csv", "no folder"),
            ("a\0.csv", "zero byte"),
        ):
            dialog.query_one(Input).value = str(path)
            await runs.pilot.pause()
            assert words in str(dialog.query_one(".complaint", Label).render())
        await runs.press("escape")

    drive(runs_dir, test)


def test_a_network_is_exported_from_an_opened_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a process of its own, which compares the file with the network on the run's own test images."""
    monkeypatch.chdir(tmp_path)
    write_line_reader(tmp_path / "runs", dataset="my-digits")
    for number in range(my_digits.MIN_TO_TRAIN):
        my_digits.add_digit(tmp_path / "data", np.eye(28, dtype=np.uint8) * 255, number % 10)

    async def test(runs: OpenRunsScreen) -> None:
        await runs.press("enter")
        await runs.until(lambda: isinstance(runs.app.screen, OpenedRunScreen))
        await runs.press("x")
        await runs.until(lambda: isinstance(runs.app.screen, ExportDialog))
        dialog = runs.app.screen
        assert isinstance(dialog, ExportDialog)
        assert dialog.formats[-2:] == ["csv", "json"]
        dialog.query_one(Input).value = "lines.safetensors"
        await runs.pilot.pause()
        assert dialog.query_one(OptionList).highlighted == dialog.formats.index("safetensors")
        await runs.press("enter")
        await runs.until(lambda: any("same answers" in toast for toast in runs.toasts))
        dialog_again = ExportDialog("lines")
        assert "torchscript" in dialog_again.formats

    drive(tmp_path / "runs", test)
    assert (tmp_path / "lines.safetensors").is_file()


def test_an_export_that_fails_says_why(tmp_path: Path) -> None:
    run = write_line_reader(tmp_path / "runs", dataset="my-digits")
    with pytest.raises(MnistTuiError, match=r"^there are no digits of your own in .* yet\. Draw some"):
        export_saved_network(run, "safetensors", tmp_path / "lines.safetensors", tmp_path / "data")


def test_an_opened_run_can_be_pinned_evaluated_and_left_by_its_tab(tmp_path: Path) -> None:
    run = write_line_reader(tmp_path / "runs")

    async def test(runs: OpenRunsScreen) -> None:
        app = runs.app
        assert isinstance(app, Dashboard)
        await runs.press("enter")
        await runs.until(lambda: isinstance(app.screen, OpenedRunScreen))
        await runs.until(lambda: app.screen.history.finished)  # type: ignore[attr-defined]
        assert app.screen.check_action("run", ("resume",)) is False
        assert app.screen.check_action("run", ("export",)) is not False
        await runs.press("p")
        assert app.workspace.reference == run
        await runs.press("p")
        assert app.workspace.reference is None
        await runs.press("5")
        await runs.until(lambda: app.screen is runs.screen)
        await runs.press("e")
        await runs.until(lambda: app.current_mode == "evaluate")
        assert app.workspace.network == run

    drive(tmp_path / "runs", test)


def test_without_marks_the_run_under_the_cursor_is_compared_with_the_one_below(runs_dir: Path) -> None:
    async def test(runs: OpenRunsScreen) -> None:
        await runs.go_to("beta")
        await runs.press("c")
        await runs.until(lambda: isinstance(runs.app.screen, CompareScreen))
        assert set(runs.screen.browser.marked.slots) == {"beta", "alpha"}
        await runs.press("5")
        await runs.until(lambda: runs.app.screen is runs.screen)
        await runs.press("escape")
        assert runs.screen.browser.marked.slots == {}
        await runs.go_to("omega")
        await runs.press("space", "c")
        await runs.until(lambda: isinstance(runs.app.screen, CompareScreen))
        assert set(runs.screen.browser.marked.slots) == {"omega", "alpha"}

    drive(runs_dir, test)


def test_what_differs_from_the_recipe_is_a_column(runs_dir: Path) -> None:
    async def test(runs: OpenRunsScreen) -> None:
        await runs.pilot.resize_terminal(140, 30)
        await runs.until(lambda: "lr 0.02" in runs.screen.browser.table.render_line(3).text)

    drive(runs_dir, test)


def test_bars_show_the_error_and_three_epochs_are_no_slab() -> None:
    rows = _bars([0.98, 0.9806, 0.981]).splitlines()
    assert len(rows) == 6
    assert {len(row) for row in rows} == {12}
    assert rows[0].isspace()
    assert len(set(rows[-1].split())) == 1  # three accuracies that hardly differ are equally high
    many = _bars([1 - 0.1 / epoch for epoch in range(1, 101)]).splitlines()
    assert 30 < len(many[-1]) <= 42


def test_a_run_without_epochs_has_nothing_to_export(runs_dir: Path) -> None:
    async def test(runs: OpenRunsScreen) -> None:
        await runs.go_to("gamma")
        await runs.press("x")
        await runs.until(lambda: runs.toasts)
        await runs.until(lambda: any("neither weights nor a finished epoch" in toast for toast in runs.toasts))

    drive(runs_dir, test)


def test_marks_keep_their_colors_and_open_a_comparison(runs_dir: Path) -> None:
    async def test(runs: OpenRunsScreen) -> None:
        for name in ("alpha", "beta", "gamma"):
            await runs.go_to(name)
            await runs.press("space")
        await runs.go_to("alpha")
        await runs.press("space")
        assert runs.screen.browser.marked.slots == {"beta": 1, "gamma": 2}
        await runs.go_to("delta")
        await runs.press("space")
        assert runs.screen.browser.marked.slots == {"beta": 1, "gamma": 2, "delta": 0}
        await runs.press("c")
        screen = runs.app.screen
        assert isinstance(screen, CompareScreen)
        await runs.until(lambda: len(screen.table.rows) == 3)
        differences = screen.differences
        assert {"lr", "dataset", "recipe"} <= {row.setting for row in differences}
        assert "ema" not in {row.setting for row in differences}
        assert len(screen.charts.accuracy.curves) == 2  # gamma has no epoch
        await runs.press("space")
        assert len(screen.charts.accuracy.curves) == 1
        await runs.press("escape")
        assert runs.app.screen is runs.screen

    drive(runs_dir, test)


@pytest.mark.parametrize("size", SIZES[:2])
def test_comparing_shows_what_has_room(runs_dir: Path, size: tuple[int, int]) -> None:
    async def test(runs: OpenRunsScreen) -> None:
        for name in ("alpha", "beta"):
            await runs.go_to(name)
            await runs.press("space")
        await runs.press("c")
        screen = runs.app.screen
        assert isinstance(screen, CompareScreen)
        await runs.until(lambda: len(screen.table.rows) == 2)
        panels = [screen.query_one("Panel.accuracy"), screen.query_one("Panel.loss")]
        assert [panel.display for panel in panels] == [True, size[0] > 80]
        if size[0] == 80:
            await runs.press("v")
            assert [panel.display for panel in panels] == [False, True]

    drive(runs_dir, test, size)


def test_comparing_needs_two(tmp_path: Path) -> None:
    sample_runs.write_finished(tmp_path / "runs", "alone", 0.9)

    async def test(runs: OpenRunsScreen) -> None:
        await runs.press("c")
        assert runs.app.screen is runs.screen
        await runs.until(lambda: any("no second run" in toast for toast in runs.toasts))

    drive(tmp_path / "runs", test)


@pytest.mark.parametrize(("name", "why"), [("alpha", "finished"), ("gamma", "no checkpoint")])
def test_what_cannot_be_resumed_is_refused(runs_dir: Path, name: str, why: str) -> None:
    async def test(runs: OpenRunsScreen) -> None:
        await runs.go_to(name)
        await runs.press("r")
        await runs.until(lambda: runs.toasts)
        await runs.until(lambda: any(why in toast for toast in runs.toasts))

    drive(runs_dir, test)


def test_resuming_is_asked_of_the_app_but_not_while_another_process_trains_it(
    runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (runs_dir / "delta" / "last.ckpt").write_bytes(b"a checkpoint")
    asked: list[str] = []

    async def test(runs: OpenRunsScreen) -> None:
        async def on_resume_requested(_: Dashboard, message: ResumeRequested) -> None:
            asked.append(message.run.name)

        monkeypatch.setattr(Dashboard, "on_resume_requested", on_resume_requested)
        await runs.go_to("delta")
        with Run(runs_dir / "delta").writer():
            await runs.press("r")
            await runs.until(lambda: runs.toasts)
        await runs.until(lambda: any("being trained already" in toast for toast in runs.toasts))
        assert asked == []
        await runs.press("r")
        await runs.until(lambda: asked)

    drive(runs_dir, test)
    assert asked == ["delta"]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may do anything")
def test_a_folder_that_may_not_be_changed_is_said_so(runs_dir: Path) -> None:
    async def test(runs: OpenRunsScreen) -> None:
        await runs.go_to("alpha")
        runs_dir.chmod(0o500)
        try:
            await runs.press("delete", "y")
            await runs.until(lambda: runs.toasts)
        finally:
            runs_dir.chmod(0o700)

    drive(runs_dir, test)
    assert (runs_dir / "alpha").exists()


def _status(runs: OpenRunsScreen, name: str) -> str:
    return next(row.summary.status for row in runs.screen.browser.table.rows if row.run.name == name)


def _epochs(runs: OpenRunsScreen, name: str) -> int:
    return next(row.summary.epochs_done for row in runs.screen.browser.table.rows if row.run.name == name)


def test_a_new_run_begins_with_the_settings_of_the_one_under_the_cursor(runs_dir: Path) -> None:
    async def test(runs: OpenRunsScreen) -> None:
        await runs.go_to("beta")
        await runs.press("n")
        await runs.until(lambda: isinstance(runs.app.screen, NewRunScreen))
        assert isinstance(runs.app.screen, NewRunScreen)
        values = runs.app.screen.draft.values
        assert (values["dataset"], values["lr"]) == ("kmnist", 0.02)

    drive(runs_dir, test)


def test_what_was_resumed_can_be_started_again_with_changes(runs_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ResumedRun, "__call__", lambda *_: None)

    async def test(runs: OpenRunsScreen) -> None:
        app = runs.app
        assert isinstance(app, Dashboard)
        app.begin(ResumedRun("beta", app.workspace.folders))
        assert (app.workspace.form_config.dataset, app.workspace.form_config.lr) == ("kmnist", 0.02)

    drive(runs_dir, test)
