"""A program run to its end, or until its time limit or a stop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mnist_tui.errors import Interrupted
from mnist_tui.native.toolchain import watchdog
from mnist_tui.native.toolchain.build import never_stop
from mnist_tui.native.toolchain.process import KEPT_OUTPUT, FinishedProcess, ProcessResult, run_all
from tests.native.toolchain import Pulse, building, fixture_cache, fixture_pulse, libraries, python_environment, script
from tests.patience import PATIENCE

__all__ = ["fixture_cache", "fixture_pulse"]


def shell(command: str) -> ProcessResult:
    return run_all([["/bin/sh", "-c", command]], time_limit=PATIENCE, should_stop=never_stop).result


def test_status_and_output_of_both_kinds() -> None:
    assert shell("echo out; echo err >&2; exit 7") == ProcessResult(7, "out\nerr\n")


def test_there_is_no_input(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    before = os.dup(0)
    os.dup2(reading, 0)
    try:
        os.write(writing, b"something typed\n")
        assert shell("cat").output == ""
    finally:
        os.dup2(before, 0)
        for handle in (reading, writing, before):
            os.close(handle)


def test_output_without_end_is_read_but_not_kept() -> None:
    outcome = shell(f"echo error: first; head -c {20 * KEPT_OUTPUT} /dev/zero; exit 1")
    assert outcome.status == 1
    assert len(outcome.output) == KEPT_OUTPUT
    assert outcome.output.startswith("error: first\n")


def test_what_it_leaves_in_the_background_is_not_waited_for(pulse: Pulse) -> None:
    outcome = shell(f"exec 9> '{pulse.path}'; echo \"$$\"; (echo on >&9; exec sleep 600) & exit 0")
    assert outcome.status == 0
    assert pulse.wait()
    os.killpg(int(outcome.output), signal.SIGKILL)
    assert not pulse.wait()


def test_a_stop_before_the_start() -> None:
    with pytest.raises(Interrupted):
        run_all([["sleep", "600"]], time_limit=PATIENCE, should_stop=lambda: True)


def test_a_stop_comes_back_when_the_program_is_gone(pulse: Pulse) -> None:
    command = f"exec 9> '{pulse.path}'; echo started >&9; exec sleep 600"
    with pytest.raises(Interrupted):
        run_all([["/bin/sh", "-c", command]], time_limit=PATIENCE, should_stop=pulse.started)
    assert pulse.gone()


def test_ctrl_c_in_the_terminal_leaves_nothing_behind(cache: Path, tmp_path: Path, pulse: Pulse) -> None:
    process = building(CXX=str(script(tmp_path / "fake++", pulse.hanging)))
    assert pulse.wait()
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all in the foreground
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == -signal.SIGINT
    assert "KeyboardInterrupt" in output
    assert not pulse.wait()
    assert libraries(cache) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGQUIT])
def test_a_death_without_a_last_word_leaves_nothing_behind(
    cache: Path, tmp_path: Path, pulse: Pulse, number: signal.Signals
) -> None:
    # More than a pipe holds: what reads it has told the watcher of the compiler, which is not killed before that.
    body = f": > half.o; head -c 1000000 /dev/zero; {pulse.hanging}"
    process = building(CXX=str(script(tmp_path / "fake++", body)))
    assert pulse.wait()
    assert len(list(cache.glob(".*.tmp"))) == 1
    process.send_signal(number)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == -number
    assert not pulse.wait()
    wait_until(lambda: not list(cache.iterdir()))


DYING = """
import os, signal, subprocess, sys
from pathlib import Path
from mnist_tui.native.toolchain.process import run_all

class Popen(subprocess.Popen):
    def __init__(self, arguments, **options):
        super().__init__(arguments, **options)
        if sys.argv[1] in arguments:
            os.kill(os.getpid(), signal.SIGKILL)

subprocess.Popen = Popen
run_all([[sys.argv[1]]], time_limit=600, should_stop=lambda: False, workspace=Path(sys.argv[2]))
"""


def test_a_death_right_after_the_start_of_a_program_leaves_nothing_behind(tmp_path: Path, pulse: Pulse) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    hanging = script(tmp_path / "hanging", f": > half.o; {pulse.hanging}")
    dying = subprocess.run([sys.executable, "-c", DYING, hanging, workspace], env=python_environment())
    assert dying.returncode == -signal.SIGKILL
    wait_until(lambda: not workspace.exists())
    wait_until(pulse.gone)


def test_without_its_watchdog_a_program_runs_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "_SCRIPT", "exit")
    with watchdog.Watchdog(tmp_path) as gone:
        gone._process.wait()
        started = gone.start(["/bin/sh", "-c", "cat; kill -PIPE $$"], dict(os.environ))
        output, _ = started.communicate(timeout=PATIENCE)
    assert (started.returncode, output) == (-signal.SIGPIPE, b"")  # no input, and the signal is as it was


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


# Several


def shells(*scripts: str) -> list[list[str]]:
    return [["/bin/sh", "-c", script] for script in scripts]


def run_shells(*scripts: str, at_once: int, time_limit: float = PATIENCE) -> FinishedProcess:
    return run_all(shells(*scripts), at_once=at_once, time_limit=time_limit, should_stop=never_stop)


@pytest.fixture
def meeting(tmp_path: Path) -> Path:
    """A pipe without room: who writes into it waits for a reader, and a reader for who writes."""
    os.mkfifo(tmp_path / "meeting")
    return tmp_path / "meeting"


def test_as_many_at_once_as_allowed(meeting: Path) -> None:
    meets = (f"read word < '{meeting}'", f"echo word > '{meeting}'", "echo last")
    assert run_shells(*meets, at_once=2) == FinishedProcess(shells(*meets)[2], ProcessResult(0, "last\n"))


def test_and_no_more(meeting: Path) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        run_shells(f"read word < '{meeting}'", f"echo word > '{meeting}'", at_once=1, time_limit=0.3)


def test_one_that_fails_ends_the_others_and_is_returned(meeting: Path, tmp_path: Path, pulse: Pulse) -> None:
    scripts = (
        f"exec 9> '{pulse.path}'; echo met > '{meeting}'; sleep 600 & sleep 600",
        f"read word < '{meeting}'; echo error: mine; exit 3",
        f"touch '{tmp_path}/started'",
    )
    assert run_shells(*scripts, at_once=2) == FinishedProcess(shells(*scripts)[1], ProcessResult(3, "error: mine\n"))
    assert not pulse.wait()  # a child of a shell that was killed with it may need a moment more
    assert not (tmp_path / "started").exists()


def test_one_that_cannot_be_started_ends_the_others(pulse: Pulse) -> None:
    with pytest.raises(FileNotFoundError):
        run_all(
            [*shells(f"exec 9> '{pulse.path}'; exec sleep 600"), ["/no/such/program"]],
            at_once=2,
            time_limit=PATIENCE,
            should_stop=never_stop,
        )
    assert not pulse.started()


def test_a_stop_ends_all(tmp_path: Path) -> None:
    pulses = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        pulses.append(Pulse(tmp_path / name))
    waiting = list(pulses)

    def all_started() -> bool:
        waiting[:] = [pulse for pulse in waiting if not pulse.started()]
        return not waiting

    with pytest.raises(Interrupted):
        run_all(
            shells(*(pulse.hanging for pulse in pulses)),
            at_once=2,
            time_limit=PATIENCE,
            should_stop=all_started,
        )
    for pulse in pulses:
        assert not pulse.wait()
        pulse.close()


@example(b"error: " + b"x" * 1000, 1)
@given(st.binary(), st.integers(-64, 255))
def test_an_explanation_fits_on_a_line(output: bytes, status: int) -> None:
    line = ProcessResult(status, output.decode(errors="replace")).explanation
    assert 0 < len(line) <= 200
    assert line.isprintable()
    assert line == line.strip()
