"""`watch`, `runs compare` and `runs rename`: what they print and how they end."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import mnist_tui
from mnist_tui.runs import Run
from tests import sample_runs
from tests.patience import PATIENCE


@pytest.fixture
def runs_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "runs"
    sample_runs.write_some(folder)
    return folder


def mnist(runs_dir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The program as a process of its own, with pipes."""
    return subprocess.run(
        [sys.executable, "-m", "mnist_tui", *arguments],
        env=environment(runs_dir),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def environment(runs_dir: Path) -> dict[str, str]:
    root = str(Path(mnist_tui.__file__).parents[1])
    return {
        **os.environ,
        "PYTHONPATH": root,
        "MNIST_TUI_RUNS_DIR": str(runs_dir),
        "XDG_CONFIG_HOME": str(runs_dir.parent),
        "COLUMNS": "80",
        "TERM": "xterm-256color",
    }


def test_off_a_terminal_it_prints_how_the_run_stands(runs_dir: Path) -> None:
    result = mnist(runs_dir, "watch", "alpha")
    assert result.returncode == 0
    assert "alpha: finished" in result.stdout
    assert "98.00" in result.stdout
    assert "\x1b" not in result.stdout
    assert result.stderr == ""


def test_a_live_run_is_told_with_its_progress(runs_dir: Path) -> None:
    with Run(runs_dir / "delta").writer() as writer:
        writer.append(sample_runs.progress(2, 0.5, step=4))
        result = mnist(runs_dir, "watch", "delta", "--once")
        document = json.loads(mnist(runs_dir, "watch", "delta", "--json").stdout)
    assert "delta: training" in result.stdout
    assert "40 %" in result.stdout
    assert (document["status"], document["progress"]["step"]) == ("training", 4)


def test_without_a_name_it_is_the_latest(runs_dir: Path) -> None:
    assert json.loads(mnist(runs_dir, "watch", "--json").stdout)["name"] == "delta"


@pytest.mark.parametrize("name", ["nothing", "omega"])
def test_what_cannot_be_watched_is_an_error_of_runs(runs_dir: Path, name: str) -> None:
    result = mnist(runs_dir, "watch", name, "--once")
    assert result.returncode == 4
    assert result.stdout == ""
    assert "error: " in result.stderr


def test_comparing_prints_numbers_and_differences_within_80_columns(runs_dir: Path) -> None:
    result = mnist(runs_dir, "runs", "compare", "alpha", "beta")
    assert result.returncode == 0
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert "99.00" in result.stdout
    differing = [line.split() for line in result.stdout.splitlines() if line.startswith(("lr", "dataset"))]
    assert differing == [["dataset", "mnist", "kmnist"], ["lr", "0.01", "0.02"]]


def test_comparing_as_json(runs_dir: Path) -> None:
    document = json.loads(mnist(runs_dir, "runs", "compare", "alpha", "beta", "--json").stdout)
    assert [run["summary"]["name"] for run in document["runs"]] == ["alpha", "beta"]
    assert {"setting": "lr", "values": [0.01, 0.02]} in document["differences"]


@pytest.mark.parametrize("names", [["alpha"], ["alpha", "alpha"]])
def test_comparing_takes_two(runs_dir: Path, names: list[str]) -> None:
    assert mnist(runs_dir, "runs", "compare", *names).returncode == 2


def test_renaming(runs_dir: Path) -> None:
    result = mnist(runs_dir, "runs", "rename", "alpha", "first")
    assert (result.returncode, result.stdout) == (0, "")
    assert (runs_dir / "first" / "events.jsonl").exists()


def test_renaming_to_a_taken_or_bad_name_is_refused(runs_dir: Path) -> None:
    for name in ("beta", "a/b"):
        assert mnist(runs_dir, "runs", "rename", "alpha", name).returncode == 4
    assert (runs_dir / "alpha").exists()


def test_neither_torch_nor_textual_is_loaded_for_a_snapshot(runs_dir: Path) -> None:
    code = (
        "import sys; sys.argv = ['mnist-tui', 'watch', 'alpha', '--once']; from mnist_tui.cli import main\n"
        "try: main()\n"
        "except SystemExit: print({'torch', 'textual', 'numpy'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, env=environment(runs_dir), capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "set()"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_in_a_terminal_it_opens_a_screen_that_a_key_closes(runs_dir: Path) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "mnist_tui", "watch", "alpha"],
        env={**environment(runs_dir), "LINES": "24"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    giving_up = threading.Timer(PATIENCE, process.kill)
    giving_up.start()
    seen = b""
    while b"finished" not in seen:
        seen += os.read(ours, 65536)
    os.write(ours, b"q")
    _drain(ours)
    assert process.wait() == 0
    giving_up.cancel()
    os.close(ours)


def _drain(terminal: int) -> None:
    """Read what is still drawn: a full terminal would hold the program back."""
    try:
        while os.read(terminal, 65536):
            pass
    except OSError:  # how Linux says that the other side is closed
        return
