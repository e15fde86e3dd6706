"""Leaving the dashboard, in a real terminal: soon, with the right exit code, nothing lost, nothing left behind."""

from __future__ import annotations

import json
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import mnist_tui.cli
from mnist_tui import runs
from mnist_tui.runs import Run
from mnist_tui.runs.history import RunStatus
from tests import odd_files, sample_runs
from tests.cli import easy_digits
from tests.patience import SOON
from tests.tui import dashboard_terminal, odd_program, warm_program
from tests.tui.dashboard_terminal import Terminal, in_a_shell

SMALL = (
    "--dataset=synthetic",
    "--model=linear",
    "--train-limit=1000",
    "--epochs=2",
    "--rotation=0",
    "--threads=1",
)


@dataclass(frozen=True)
class State:
    """A moment in the dashboard's life, and how to get there."""

    name: str
    signs: tuple[str, ...]
    oddities: tuple[str, ...] = ()
    keys: str = ""
    then: str = ""
    keeps: bool = True
    """Whether there is a run by then."""
    is_of_the_start: bool = False
    """Whether it is gone by the time that torch is there."""


IDLE = State("idle", ("ready", "New run"), keeps=False, is_of_the_start=True)
LOADING = State("loading", ("loading torch",), keeps=False, is_of_the_start=True)
DRAWING = State("drawing", ("getting data", "Drawing synthetic"), ("slow-drawing",), keeps=False)
SILENT = State("waiting for data without a sign of life", ("getting data",), ("silent-drawing",), keeps=False)
TRAINING = State("training", ("training", "epoch 1/2"), ("slow-steps",))
EVALUATING = State("evaluating", ("evaluating", "testing"), ("slow-testing",))
PAUSED = State("paused", ("training", "epoch 1/2"), ("slow-steps",), keys=" ", then="● paused")
SAVING = State("writing a checkpoint", ("training", "epoch 1/2"), ("slow-steps", "slow-checkpoints"), " ", "● paus")
STOPPING = State("stopping", ("training", "epoch 1/2"), ("slow-steps", "slow-checkpoints"), "s", "● stopping")
STATES = (IDLE, LOADING, DRAWING, SILENT, TRAINING, EVALUATING, PAUSED, SAVING, STOPPING)


def by_q(terminal: Terminal) -> int:
    terminal.press("q")
    if "● ready" not in terminal.text:
        terminal.wait_until(
            lambda: "Stop and leave" in terminal.text or terminal.process.poll() is not None, "the question"
        )
        terminal.press("y")
    return 0


def by_interrupts(terminal: Terminal) -> int:
    terminal.press("\x03")
    if "● ready" in terminal.text:
        return 0
    terminal.wait_for("Stop and leave")
    terminal.press("\x03")
    return 130


def by_sigterm(terminal: Terminal) -> int:
    terminal.signal(signal.SIGTERM)
    return 143


def by_sighup(terminal: Terminal) -> int:
    terminal.signal(signal.SIGHUP)
    return 129


def by_sigint(terminal: Terminal) -> int:
    terminal.signal(signal.SIGINT)
    return 130


Way = Callable[[Terminal], int]
WAYS: tuple[Way, ...] = (by_q, by_interrupts, by_sigterm, by_sighup, by_sigint)
# Every state and every way once or more; all pairs are left to the slow tests.
CHOSEN = {
    (IDLE, by_q),
    (LOADING, by_sigterm),
    (DRAWING, by_interrupts),
    (SILENT, by_q),
    (TRAINING, by_q),
    (EVALUATING, by_sigterm),
    (PAUSED, by_q),
    (SAVING, by_sigterm),
    (STOPPING, by_sigint),
}
# From the very start to the very end, as a user may leave it.
COLD = {(TRAINING, by_q)}
PAIRS = [
    pytest.param(
        state,
        leave,
        id=f"{state.name} {leave.__name__}",
        marks=() if (state, leave) in CHOSEN else pytest.mark.slow,
    )
    for state in STATES
    for leave in WAYS
]


def dashboard(folder: Path, *oddities: str, is_training: bool = True, is_warm: bool = True) -> Terminal:
    """The dashboard with these oddities, training at once or not."""
    start = ["--start"] if is_training else []
    program = [odd_program.__file__, *oddities, "--", "dashboard", *SMALL, *start]
    return Terminal(program, folder, begin=warm_program.begin if is_warm else dashboard_terminal.begin)


def reach(terminal: Terminal, state: State) -> None:
    terminal.wait_for(*state.signs)
    if state.keys:
        terminal.press(state.keys)
        terminal.wait_for(state.then)


def the_run(folder: Path) -> Run:
    (run,) = runs.list_runs(folder / "runs")
    return run


@pytest.mark.parametrize(("state", "leave"), PAIRS)
def test_leaving(state: State, leave: Way, tmp_path: Path, resume: Callable[[Path], RunStatus]) -> None:
    is_warm = not state.is_of_the_start and (state, leave) not in COLD
    with dashboard(tmp_path, *state.oddities, is_training=state is not IDLE, is_warm=is_warm) as terminal:
        reach(terminal, state)
        expected = leave(terminal)
        code, seconds = terminal.ended()
        assert code == expected
        assert seconds < SOON
        assert terminal.problems() == []
        assert "Traceback" not in terminal.after_the_screen
        if not state.keeps:
            assert runs.list_runs(tmp_path / "runs") == []
            return
        assert the_run(tmp_path).history().status is RunStatus.STOPPED
        typed = f"Continue with: mnist-tui train --resume {the_run(tmp_path).name}"
        assert typed in terminal.after_the_screen.replace("\r\n", "")
        assert resume(tmp_path) is RunStatus.FINISHED


@pytest.fixture
def resume(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[[Path], RunStatus]:
    """`train --headless --resume latest` in this process; how the run stands then, by `runs list --json`."""

    def program(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["mnist-tui", *arguments])
        with pytest.raises(SystemExit) as left:
            mnist_tui.cli.main()
        assert not left.value.code, capsys.readouterr().err
        return capsys.readouterr().out

    def run(folder: Path) -> RunStatus:
        for name, value in dashboard_terminal.homes(folder).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setitem(sys.modules, "mnist_tui.data.synthetic", easy_digits.module())
        program("train", "--headless", "--resume", "latest")
        (row,) = json.loads(program("runs", "list", "--json"))
        return RunStatus(row["status"])

    return run


def test_a_closed_window_ends_it_with_a_checkpoint(tmp_path: Path) -> None:
    with dashboard(tmp_path, *TRAINING.oddities) as terminal:
        reach(terminal, TRAINING)
        terminal.hang_up()
        code, seconds = terminal.ended()
    assert (code, seconds < SOON) == (129, True)
    assert the_run(tmp_path).history().status is RunStatus.STOPPED
    assert the_run(tmp_path).checkpoint_file.exists()


def test_whoever_presses_ctrl_c_again_does_not_wait_for_the_checkpoint(tmp_path: Path) -> None:
    with dashboard(tmp_path, "slow-steps", "stuck-checkpoints") as terminal:
        reach(terminal, TRAINING)
        by_interrupts(terminal)
        terminal.wait_for("Saving a checkpoint")
        terminal.press("\x03")
        code, seconds = terminal.ended()
        assert (code, seconds < SOON) == (130, True)
        assert terminal.problems() == []
    assert the_run(tmp_path).history().status is RunStatus.INTERRUPTED


def test_a_second_q_does_not_give_the_checkpoint_up(tmp_path: Path) -> None:
    with dashboard(tmp_path, "slow-steps", "slow-checkpoints") as terminal:
        reach(terminal, TRAINING)
        by_q(terminal)
        terminal.wait_for("Saving a checkpoint")
        terminal.press("qqq")
        assert terminal.ended()[0] == 0
    assert the_run(tmp_path).checkpoint_file.exists()


def test_a_broken_worker_is_shown_and_told_again_on_leaving(tmp_path: Path) -> None:
    with dashboard(tmp_path, "broken-worker") as terminal:
        terminal.wait_for("● failed", "the worker broke", "The log is")
        terminal.press("q")
        code, _ = terminal.ended()
        assert (code, terminal.problems()) == (1, [])
        assert "LookupError: the worker broke" in terminal.after_the_screen
        assert str(the_run(tmp_path).log_file) in terminal.after_the_screen


def test_a_broken_start_is_shown_with_where_it_broke(tmp_path: Path) -> None:
    with dashboard(tmp_path, "broken-start") as terminal:
        terminal.wait_for("● failed", "the start broke", "Press n for another run")
        terminal.press("q")
        code, _ = terminal.ended()
        assert (code, terminal.problems()) == (1, [])
        assert "LookupError: the start broke" in terminal.after_the_screen


def test_a_broken_screen_gives_the_terminal_back_and_keeps_the_run(
    tmp_path: Path, resume: Callable[[Path], RunStatus]
) -> None:
    with dashboard(tmp_path, "broken-screen", "slow-steps") as terminal:
        code, _ = terminal.ended()
        assert (code, terminal.problems()) == (1, [])
        assert "LookupError: the screen broke" in terminal.after_the_screen
    assert the_run(tmp_path).history().status is RunStatus.STOPPED
    assert resume(tmp_path) is RunStatus.FINISHED


def test_nothing_is_ever_printed_over_the_screen(tmp_path: Path) -> None:
    with dashboard(tmp_path, "noise", "slow-steps") as terminal:
        reach(terminal, TRAINING)
        terminal.wait_for("epoch 2/")  # a step may never be drawn: only four pictures a second are
        before, _, _ = terminal.raw.partition(b"\x1b[?1049l")
        assert b"NOISE" not in before
        by_q(terminal)
        terminal.ended()
        drawn, _, after = terminal.raw.rpartition(b"\x1b[?1049l")
        assert b"NOISE" not in drawn
        # What was said is not lost either.
        for is_answered in ("on stdout", "on stderr", "of a warning", "on descriptor 1", "on descriptor 2"):
            assert f"NOISE {is_answered}".encode() in after


def test_standard_error_may_go_elsewhere(tmp_path: Path) -> None:
    shell = f'exec {sys.executable} -m mnist_tui dashboard 2> "$MNIST_TUI_RUNS_DIR.err"'
    with Terminal(["-c", f"import os; os.execv('/bin/sh', ['sh', '-c', {shell!r}])"], tmp_path) as terminal:
        terminal.wait_for("Train a small network")
        terminal.press("q")
        assert terminal.ended()[0] == 0
        assert terminal.problems() == []
    assert (tmp_path / "runs.err").read_text() == ""


def test_a_signal_is_not_lost_on_a_busy_loop(tmp_path: Path) -> None:
    with dashboard(tmp_path, "full-pipe", is_training=False) as terminal:
        reach(terminal, IDLE)
        terminal.press("?")
        code, _ = terminal.ended()
        assert code == 143
        assert "Exception" not in terminal.after_the_screen


@pytest.mark.parametrize("kind", ["pipe", "link to a device", "hole"])
def test_an_odd_run_in_the_list_does_not_keep_it_from_leaving(tmp_path: Path, kind: str) -> None:
    sample_runs.write_finished(tmp_path / "runs", "sound", 0.9)
    odd_files.put(kind, sample_runs.write_finished(tmp_path / "runs", "strange", 0.9).log_file)
    with dashboard(tmp_path, is_training=False) as terminal:
        terminal.wait_for(*IDLE.signs)
        terminal.press("5")
        terminal.wait_for("unreadable", "finished")
        terminal.signal(signal.SIGTERM)
        code, _ = terminal.ended()
        assert code == 143
        assert terminal.problems() == []


@pytest.mark.parametrize("state", [IDLE, TRAINING], ids=lambda state: state.name)
def test_sigquit_ends_it_at_once_and_gives_the_terminal_back(state: State, tmp_path: Path) -> None:
    with dashboard(tmp_path, *state.oddities, is_training=state is not IDLE) as terminal:
        reach(terminal, state)
        terminal.signal(signal.SIGQUIT)
        assert terminal.ended()[0] == 131
        assert terminal.problems() == []


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs a shell with job control")
def test_ctrl_z_leads_to_the_shell_and_fg_back(tmp_path: Path) -> None:
    with Terminal(in_a_shell(sys.executable, "-m", "mnist_tui", "dashboard"), tmp_path) as terminal:
        terminal.wait_for("● ready")
        terminal.press("?")
        terminal.wait_for("^z", "Suspend")
        terminal.press("\x1b")
        terminal.wait_until(lambda: "^z" not in terminal.text, "the end of the help")
        terminal.press("\x1a")
        terminal.wait_until(lambda: b"[left " in terminal.raw, "the shell")
        assert terminal.problems() == []
        terminal.press("\n")
        terminal.wait_until(
            lambda: b"Train a small network" in terminal.raw.partition(b"[left ")[2], "the same picture"
        )
        terminal.press("5")
        terminal.wait_for("No runs yet")
        terminal.press("q")
        terminal.wait_until(lambda: b"[ended 0]" in terminal.raw, "the end")
        assert terminal.problems() == []
