"""Standard streams as cron jobs, services, CI systems and full disks leave them."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TextIO

import pytest

from mnist_tui import runs
from mnist_tui.cli import output
from mnist_tui.cli.views.choose import choose_view
from mnist_tui.events import EpochStarted, Notice, Preparing
from tests import trained_runs
from tests.cli import program
from tests.cli.conftest import Mnist
from tests.render.samples import row, run_started

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")

FULL, CLOSED = ">/dev/full", ">&-"
EVERYWHERE = (
    FULL,
    CLOSED,
    "2>/dev/full",
    "2>&-",
    "<&-",
    ">&- 2>&-",
    "<&- >&- 2>&-",
    ">/dev/full 2>/dev/full",
)
# Each answers something, and needs a run called `reader` at most.
COMMANDS = (
    "--version",
    "--help",
    "runs list",
    "runs list --json",
    "runs show reader",
    "runs show reader --json",
    "runs export reader",
    "runs compare reader other --json",
    "watch reader --once",
    "watch reader --json",
    "inspect-model",
    "check --json",
    "data info synthetic",
    "data info synthetic --json",
    "eval reader --dataset synthetic --json",
    "predict reader three.csv",
    "predict reader three.csv --json",
)


def redirected(arguments: str, streams: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """With its streams as a shell redirects them; what can be read of them comes back."""
    command = shlex.join(program.command(*shlex.split(arguments)))
    return subprocess.run(
        ["sh", "-c", f"exec {command} {streams}"],
        cwd=folder,
        env=program.environment(),
        capture_output=True,
        text=True,
        timeout=program.PATIENCE,
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path, runs_dir: Path) -> Path:
    """With the runs `reader` and `other`, and a file of a 3."""
    trained_runs.write(runs_dir, dataset="synthetic")
    trained_runs.write(runs_dir, "other")
    rows = trained_runs.picture_of(3)[0].tolist()
    (tmp_path / "three.csv").write_text("\n".join(",".join(map(str, row)) for row in rows))
    return tmp_path


def check_command(arguments: str, streams: str, folder: Path) -> None:
    done = redirected(arguments, streams, folder)
    is_lost = " >" in f" {streams}"
    assert done.returncode == (1 if is_lost else 0), done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    if is_lost and "2>" not in streams:
        assert "error: the output cannot be written: " in done.stderr
        assert done.stderr.count("\n") == 1
    if not is_lost:
        assert done.stdout


@pytest.mark.parametrize("streams", [FULL, CLOSED, "2>/dev/full", "<&- >&- 2>&-"])
@pytest.mark.parametrize("arguments", ["--version", "runs show reader --json"])
def test_streams_that_are_lost_are_no_traceback(arguments: str, streams: str, folder: Path) -> None:
    check_command(arguments, streams, folder)


@pytest.mark.slow
@pytest.mark.parametrize("streams", EVERYWHERE)
@pytest.mark.parametrize("arguments", COMMANDS)
def test_streams_that_are_lost_are_no_traceback_of_any_command(arguments: str, streams: str, folder: Path) -> None:
    check_command(arguments, streams, folder)


def test_a_long_output_on_a_full_disk_is_noticed(folder: Path) -> None:
    """What is more than a buffer holds is lost at once, and not at the end."""
    done = redirected("runs show reader", FULL, folder)
    assert (done.returncode, done.stderr) == (
        1,
        "error: the output cannot be written: No space left on device\n",
    )


def test_what_cannot_be_said_on_stderr_changes_no_exit_code(folder: Path, runs_dir: Path) -> None:
    assert redirected("runs show nosuch", "2>/dev/full", folder).returncode == 4
    with Path("/dev/full").open("w") as full:
        done = program.run(*program.QUICK, "--name", "told", streams={"stderr": full})
    assert done.returncode == 0
    assert runs.find(runs_dir, "told").history().status == "finished"


def test_a_training_whose_stdout_is_closed_on_purpose_trains(folder: Path, runs_dir: Path) -> None:
    assert redirected(shlex.join([*program.QUICK, "--name", "quiet"]), ">&-", folder).returncode == 0
    assert runs.find(runs_dir, "quiet").history().status == "finished"
    asked = redirected(shlex.join([*program.QUICK, "--json"]), ">&-", folder)
    assert asked.returncode != 0
    assert "standard output is closed" in asked.stderr


@pytest.mark.parametrize("arguments", ["", "dashboard"])
def test_a_dashboard_without_stdin_is_refused(arguments: str, folder: Path) -> None:
    done = redirected(arguments, "<&-", folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert "the dashboard needs a terminal" in done.stderr


def test_a_closed_stdin_holds_no_picture(folder: Path) -> None:
    done = redirected("predict reader -", "<&-", folder)
    assert done.returncode == 1
    assert "standard input is" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_broken_completion_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COMP_WORDS", raising=False)
    done = program.run("runs", _MNIST_TUI_COMPLETE="complete_bash")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "_MNIST_TUI_COMPLETE" in done.stderr


_MOVES = re.compile(r"\x1b\[[0-9;?]*[A-HJKSTfhlsu]")


@pytest.mark.parametrize(
    "arguments",
    [program.QUICK, pytest.param(("sweep", *program.QUICK[2:]), marks=pytest.mark.slow)],
)
def test_ci_gets_colors_and_no_animation(arguments: tuple[str, ...]) -> None:
    done = program.run(*arguments, FORCE_COLOR="1", GITHUB_ACTIONS="true", TERM="xterm-256color")
    assert done.returncode == 0, done.stderr
    assert "\x1b[" in done.stdout
    for stream in (done.stdout, done.stderr):
        assert not _MOVES.search(stream)
        assert "\r" not in stream


@pytest.fixture
def terminal() -> Iterator[TextIO]:
    """A stream that is not a terminal."""
    ours, theirs = pty.openpty()
    with open(theirs, "w") as stream:  # noqa: PTH123 - it has no path
        yield stream
    os.close(ours)


@pytest.mark.parametrize(
    ("variables", "is_colored", "is_animated"),
    [
        ({}, True, True),
        ({"TERM": "dumb"}, False, False),
        ({"NO_COLOR": "1"}, True, True),
        ({"TTY_INTERACTIVE": "0"}, True, False),
        ({"TTY_COMPATIBLE": "0"}, False, False),
        ({"FORCE_COLOR": "1", "COLUMNS": "70"}, True, True),
    ],
)
def test_a_terminal_is_drawn_on_unless_it_is_said_not_to(
    variables: dict[str, str],
    is_colored: bool,
    is_animated: bool,
    terminal: TextIO,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stdout", terminal)
    assert output.can_animate(output.stdout()) is is_animated
    assert (output.stdout().is_terminal and not output.stdout().is_dumb_terminal) is is_colored


@pytest.mark.parametrize("variable", ["FORCE_COLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE", "TTY_INTERACTIVE"])
def test_a_file_is_never_drawn_on(variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    with (tmp_path / "log").open("w") as log:
        monkeypatch.setattr(sys, "stderr", log)
        assert not output.can_animate(output.stderr())
        assert output.stderr().is_terminal is (variable != "TTY_INTERACTIVE")


NASTY = "a\x1b]0;owned\x07b\x7fc\x9bd\u202ee\u2028f\u2066g\nü"


def test_json_has_no_control_codes(mnist: Mnist, runs_dir: Path) -> None:
    run = trained_runs.write(runs_dir)
    record = json.loads(run.config_file.read_text())
    record["note"] = NASTY
    run.config_file.write_text(json.dumps(record))
    for arguments in (("runs", "list"), ("runs", "show", "reader"), ("watch", "reader")):
        done = mnist(*arguments, "--json")
        assert done.out.isascii()
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", done.out)
    assert json.loads(mnist("runs", "show", "reader", "--json").out)["record"]["note"] == NASTY
    done = mnist("predict", "reader", NASTY.replace("\n", ""), "--json")
    assert re.fullmatch(r"[\n -~]+", done.out)
    assert json.loads(done.out)["images"][0]["file"] == NASTY.replace("\n", "")


def test_events_as_json_have_no_control_codes(tmp_path: Path, mnist: Mnist) -> None:
    done = mnist(*program.QUICK, "--json", "--data-dir", tmp_path / os.fsdecode(NASTY.encode()))
    assert done.code == 0, done.err
    assert re.fullmatch(r"[\n -~]+", done.out)
    assert all(json.loads(line)["event"] for line in done.out.splitlines())


def test_lines_of_a_training_have_no_control_codes(capsys: pytest.CaptureFixture[str]) -> None:
    view = choose_view(json=False)
    begin = EpochStarted(epoch=1, epochs=15, steps=3750)
    config = {**run_started().config, "model": NASTY, "recipe": NASTY}
    for event in (replace(run_started(), run=NASTY, config=config), Notice(message=NASTY), begin, row(1)):
        view.show(event)
    view.show(Preparing(what=NASTY))
    out, err = capsys.readouterr()
    assert "owned" in out
    assert "owned" in err
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u202e\u2066]", out + err)


def test_a_traceback_has_no_control_codes(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_traceback(f"Traceback [/x]:\n  line\nValueError: {NASTY}\n")
    assert capsys.readouterr().err.startswith("Traceback [/x]:\n  line\nValueError: a]0;ownedbcdefg\nü\n")
