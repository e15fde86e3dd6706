"""A run opened: its whole history, followed while it is written."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import pytest
from textual.pilot import Pilot

from mnist_tui.runs import Run
from mnist_tui.runs.history import RunStatus
from mnist_tui.tui.active_keys import active_keys
from mnist_tui.tui.preferences import Preferences
from mnist_tui.tui.screens.help import HelpScreen
from mnist_tui.tui.screens.run import RunScreen
from mnist_tui.tui.themes import NIGHT, PAPER
from mnist_tui.tui.watch_app import WatchApp
from tests import sample_runs
from tests.patience import PATIENCE
from tests.tui.dashboard_terminal import Terminal
from tests.tui.runs_support import drive_app, until


def screen_of(pilot: Pilot[int]) -> RunScreen:
    screen = pilot.app.screen
    assert isinstance(screen, RunScreen)
    return screen


def test_a_finished_run_tells_all(tmp_path: Path) -> None:
    run = sample_runs.write_finished(tmp_path, "done", 0.8, 0.9, 0.95)

    async def test(pilot: Pilot[int]) -> None:
        screen = screen_of(pilot)
        await until(pilot, lambda: screen.history.status is RunStatus.FINISHED)
        assert len(screen.history.rows) == 3
        assert "done" in str(screen.query_one("#where").render())

    drive_app(WatchApp(run), test)


def test_help_tells_the_keys_of_a_watched_run(tmp_path: Path) -> None:
    run = sample_runs.write_finished(tmp_path, "done", 0.8)

    async def test(pilot: Pilot[int]) -> None:
        await pilot.press("question_mark")
        assert isinstance(pilot.app.screen, HelpScreen)
        assert {"Log scale", "Back"} <= {key.description for key in active_keys(pilot.app.screen_stack[-2])}
        await pilot.press("escape")
        assert isinstance(pilot.app.screen, RunScreen)

    drive_app(WatchApp(run), test)


def test_a_run_written_meanwhile_is_followed_to_its_end(tmp_path: Path) -> None:
    run = sample_runs.write(tmp_path, "live")
    go_on = threading.Event()

    def write() -> None:
        with Run(run.folder).writer() as writer:
            writer.append(sample_runs.epoch(1))
            go_on.wait(PATIENCE)
            for event in (sample_runs.progress(2, 0.3), sample_runs.epoch(2), sample_runs.run_finished()):
                writer.append(event)

    async def test(pilot: Pilot[int]) -> None:
        screen = screen_of(pilot)
        thread.start()
        await until(pilot, lambda: len(screen.history.rows) == 1 and screen.history.status.is_open)
        go_on.set()
        await until(pilot, lambda: screen.history.status is RunStatus.FINISHED)
        assert screen.history.batch_losses == [0.3]

    thread = threading.Thread(target=write, daemon=True)
    drive_app(WatchApp(run), test)
    thread.join()


def test_a_writer_that_dies_leaves_an_interrupted_run(tmp_path: Path) -> None:
    run = sample_runs.write(tmp_path, "dying", sample_runs.epoch(1))
    writer = run.writer()

    async def test(pilot: Pilot[int]) -> None:
        screen = screen_of(pilot)
        await until(pilot, lambda: screen.history.status is RunStatus.TRAINING)
        with writer:
            pass
        await until(pilot, lambda: screen.history.status is RunStatus.INTERRUPTED)

    drive_app(WatchApp(run), test)


def test_a_rename_and_a_deletion_are_noticed(tmp_path: Path) -> None:
    run = sample_runs.write(tmp_path, "before", sample_runs.epoch(1))

    async def test(pilot: Pilot[int]) -> None:
        where = screen_of(pilot).query_one("#where")
        await until(pilot, lambda: screen_of(pilot).history.rows)
        renamed = run.rename("after")
        await until(pilot, lambda: "after" in str(where.render()))
        renamed.delete()
        await until(pilot, lambda: "gone" in str(where.render()))
        assert len(screen_of(pilot).history.rows) == 1

    drive_app(WatchApp(run), test)


def test_a_long_run_opens_while_the_screen_stays_alive(tmp_path: Path) -> None:
    """1,000 epochs with 200,000 batch losses."""
    run = sample_runs.write(tmp_path, "long", epochs=1000)
    with run.writer() as writer:
        for number in range(1, 1001):
            writer.append(sample_runs.progress(number, *[0.5] * 200, epochs=1000))
            writer.append(sample_runs.epoch(number, epochs=1000, accuracy=0.9))

    async def test(pilot: Pilot[int]) -> None:
        screen = screen_of(pilot)
        await until(pilot, lambda: len(screen.history.rows) == 1000)
        assert len(screen.history.batch_losses) == 200_000

    drive_app(WatchApp(run), test)


@pytest.mark.parametrize("key", ["escape", "q", "ctrl+c"])
def test_watching_ends_with_a_key_and_leaves_the_run_alone(tmp_path: Path, key: str) -> None:
    run = sample_runs.write_finished(tmp_path, "done", 0.8)
    before = run.log_file.read_bytes()

    async def test(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: screen_of(pilot).history.rows)
        await pilot.press(key)
        await until(pilot, lambda: not pilot.app.is_running or pilot.app._exit)

    drive_app(WatchApp(run), test)
    assert run.log_file.read_bytes() == before


def test_watching_wears_the_theme_that_was_chosen_and_can_choose_another(tmp_path: Path) -> None:
    run = sample_runs.write_finished(tmp_path, "done", 0.8)
    preferences = Preferences(tmp_path / "dashboard.json")
    preferences.remember(theme=PAPER.name)

    async def test(pilot: Pilot[int]) -> None:
        assert pilot.app.theme == PAPER.name
        await pilot.press("T")

    drive_app(WatchApp(run, preferences=preferences), test)
    assert Preferences(tmp_path / "dashboard.json").theme == NIGHT.name


def test_a_killed_watch_gives_the_terminal_back(tmp_path: Path) -> None:
    sample_runs.write_finished(tmp_path / "runs", "done", 0.8)
    with Terminal(["-m", "mnist_tui", "watch", "done"], tmp_path) as terminal:
        terminal.wait_for("✓ 1 epoch in")
        terminal.signal(signal.SIGTERM)
        assert (terminal.ended()[0], terminal.problems()) == (143, [])
