"""Ctrl+C and its relatives, sent to a real process: soon gone, nothing lost, nothing ugly said."""

from __future__ import annotations

import json
import shlex
import shutil
import signal
from pathlib import Path

import pytest

from mnist_tui import runs
from mnist_tui.cli.signals import stop_on_signal
from mnist_tui.training.control import Control
from tests.cli import program
from tests.cli.conftest import Mnist
from tests.patience import SOON
from tests.tui import warm_program
from tests.tui.dashboard_terminal import Terminal, in_a_shell

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


def is_importing_torch(pid: int) -> bool:
    """Linux tells which libraries a process has; the first of torch's come a second before it is ready."""
    return "libc10" in Path(f"/proc/{pid}/maps").read_text()


def test_a_termination_in_training_leaves_a_checkpoint(runs_dir: Path) -> None:
    with program.start(*program.LONG) as training:
        training.wait_for("epoch   1/300")
        code, seconds, _, err = training.signal(signal.SIGTERM)
    [run] = runs.list_runs(runs_dir)
    assert code == 143
    assert seconds < SOON
    assert run.checkpoint_file.exists()
    assert f"Continue with: mnist-tui train --resume {run.name}" in err
    assert "Traceback" not in err
    assert run.history().status == "stopped"


def test_the_printed_command_goes_on_to_the_end(mnist: Mnist) -> None:
    with program.start(*program.QUICK[:-3], "4000", "--epochs", "6") as training:
        training.wait_for("epoch 1/6")
        code, seconds, _, err = training.signal(signal.SIGINT)
    assert code == 130
    assert seconds < SOON
    words = shlex.split(err.partition("Continue with: ")[2])
    assert words[0] == "mnist-tui"
    done = mnist(*words[1:], "--json")
    events = [json.loads(line) for line in done.out.splitlines()]
    assert done.code == 0
    started = next(line for line in events if line["event"] == "RunStarted")
    assert started["resumed_step"] > 0
    assert events[-1]["event"] == "RunFinished"
    assert mnist("runs", "show", "latest", "--json").out.count('"epoch":') == 6


def test_a_resumed_run_prints_its_table_from_the_first_epoch_on(mnist: Mnist) -> None:
    with program.start(*program.QUICK[:-3], "4000", "--epochs", "4") as training:
        training.wait_for("epoch 1/4")
        training.signal(signal.SIGINT)
    lines = mnist("train", "--resume", "latest").out.splitlines()
    assert lines[0].startswith("run ")
    assert [line[:9] for line in lines if line.startswith("epoch")] == [f"epoch {n}/4" for n in (1, 2, 3, 4)]
    whole = [line for line in mnist("runs", "show", "latest").out.splitlines() if "Mean time" in line]
    assert whole == [line for line in lines if "Mean time" in line]


def test_a_signal_while_digits_are_drawn_begins_nothing(runs_dir: Path) -> None:
    with program.start("train", "--dataset", "synthetic", easy=False) as training:
        training.wait_for("drawing synthetic train", "stderr")
        code, seconds, out, err = training.signal(signal.SIGINT)
    assert code == 130
    assert seconds < SOON
    assert "interrupted by Ctrl+C, while getting the data" in err
    assert "Traceback" not in err
    assert out == ""
    assert runs.list_runs(runs_dir) == []


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs /proc")
@pytest.mark.parametrize("words", [program.LONG, ("inspect-model",)], ids=["train", "inspect-model"])
def test_a_signal_while_torch_is_imported_is_no_traceback(words: tuple[str, ...], runs_dir: Path) -> None:
    with program.start(*words, warm=False) as starting:
        starting.wait_until(is_importing_torch)
        code, seconds, out, err = starting.signal(signal.SIGINT)
    assert (code, out) == (130, "")
    assert "Traceback" not in err
    assert seconds < SOON
    assert runs.list_runs(runs_dir) == []


def test_a_second_signal_waits_for_nothing() -> None:
    with program.start(*program.LONG, EASY_DIGITS_SECONDS="3600") as training:
        training.wait_for("drawing synthetic train", "stderr")
        training.process.send_signal(signal.SIGINT)
        with pytest.raises(TimeoutError):
            training.wait_for_exit(0.3)
        code, seconds, _, err = training.signal(signal.SIGINT)
    assert code == 130
    assert seconds < SOON
    assert "Traceback" not in err


def test_an_ignored_signal_stays_ignored() -> None:
    """What `nohup mnist-tui train &` relies on."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stop_on_signal(Control()) as caught:
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert caught.number is None


def test_a_library_gets_its_signal_handlers_back(mnist: Mnist) -> None:
    def mine(number: int, frame: object) -> None:
        pass

    before = [signal.signal(number, mine) for number in SIGNALS]
    try:
        mnist(*program.QUICK)
        after = [signal.getsignal(number) for number in SIGNALS]
    finally:
        for number, handler in zip(SIGNALS, before, strict=True):
            signal.signal(number, handler)
    assert after == [mine, mine, mine]


def test_ctrl_c_in_a_terminal_leaves_it_sane(runs_dir: Path) -> None:
    screen = program.in_terminal(*program.LONG, interrupt_at="best")
    assert screen.code == 130
    assert screen.cursor_is_visible
    assert "Continue with: mnist-tui train --resume" in screen.text
    [run] = runs.list_runs(runs_dir)
    assert run.checkpoint_file.exists()


def test_a_terminal_that_is_closed_leaves_a_checkpoint(runs_dir: Path) -> None:
    screen = program.in_terminal(*program.LONG, hang_up_at="best")
    assert screen.code == 129
    [run] = runs.list_runs(runs_dir)
    assert run.checkpoint_file.exists()
    assert run.history().status == "stopped"


def test_ctrl_c_in_a_terminal_before_torch_is_there_leaves_it_sane() -> None:
    screen = program.in_terminal(*program.LONG, interrupt_at="Loading", warm=False)
    assert screen.code == 130
    assert screen.cursor_is_visible
    assert "Traceback" not in screen.text


def in_terminal(folder: Path, *, shell: bool = False) -> Terminal:
    words = program.command(*program.LONG)
    if shell:
        return Terminal(in_a_shell(*words), folder)
    return Terminal(words[1:], folder, begin=warm_program.begin)


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs a shell with job control")
def test_ctrl_z_gives_the_terminal_back_until_fg(tmp_path: Path) -> None:
    with in_terminal(tmp_path, shell=True) as terminal:
        terminal.wait_for("best")
        assert not terminal.cursor_is_visible
        terminal.press("\x1a")
        terminal.wait_for("[left 148]")
        assert terminal.cursor_is_visible
        terminal.press("\n")
        terminal.wait_until(lambda: not terminal.cursor_is_visible, "the live display")
        terminal.press("\x03")
        terminal.wait_for("[ended 130]")
        assert terminal.cursor_is_visible


@pytest.mark.parametrize(("number", "code"), [(signal.SIGQUIT, 131), (signal.SIGHUP, 129)])
def test_harder_signals_leave_the_cursor_visible(tmp_path: Path, number: signal.Signals, code: int) -> None:
    with in_terminal(tmp_path) as terminal:
        terminal.wait_for("best")
        assert not terminal.cursor_is_visible
        terminal.signal(number)
        assert terminal.ended()[0] == code
        assert terminal.problems() == []
