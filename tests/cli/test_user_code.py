"""User networks on the command line: none of their output in the results, no untrusted code without a question."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from mnist_tui.models import trusted_code
from mnist_tui.runs import Run
from tests.cli import program
from tests.cli.conftest import Mnist

NET = """
import sys, torch
from pathlib import Path
from torch import nn

print("Using device:", "cpu")
sys.stdout.write("and more\\n")
Path({canary!r}).touch()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(784, 10)

    def forward(self, x):
        print("forward of", len(x))
        return self.fc(x.flatten(1))
"""
TRAIN = (
    "train",
    "--headless",
    "--dataset",
    "synthetic",
    "--train-limit",
    "64",
    "--epochs",
    "1",
    "--backend",
    "eager",
)
COMMANDS = (
    ("eval", "mine", "--mistakes", "0"),
    ("predict", "mine", "-"),
    ("export", "mine", "--format", "safetensors", "-o", "there.safetensors"),
    ("inspect-model", "--run", "mine"),
    ("check", "--run", "mine"),
    ("train", "--headless", "--resume", "mine", "--more-epochs", "1"),
)


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """Is there once the code has been run."""
    return tmp_path / "canary"


@pytest.fixture
def spec(tmp_path: Path, canary: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A network of one's own, in the folder in which the program is called."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "net.py").write_text(NET.format(canary=str(canary)))
    monkeypatch.chdir(home)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(trusted_code, "_trusted_now", set())
    return "net.py:Net"


@pytest.fixture
def strangers_run(mnist: Mnist, spec: str, canary: Path, runs_dir: Path, tmp_path: Path) -> Run:
    """As it comes from another machine."""
    assert mnist(*TRAIN, "--model", spec, "--name", "mine").code == 0
    shutil.rmtree(tmp_path / "state")
    trusted_code._trusted_now.clear()
    canary.unlink()
    return Run(runs_dir / "mine")


@pytest.mark.parametrize("command", [("inspect-model",), ("check",), TRAIN], ids=lambda command: command[0])
def test_what_a_network_prints_is_not_among_the_results(command: tuple[str, ...], mnist: Mnist, spec: str) -> None:
    done = mnist(*command, "--model", spec, "--json")
    assert [json.loads(part) for part in (done.out.splitlines() if command is TRAIN else [done.out])]
    assert "Using device: cpu" in done.err
    assert "forward of" in done.err


def test_nor_is_it_when_a_run_is_evaluated(mnist: Mnist, spec: str) -> None:
    mnist(*TRAIN, "--model", spec, "--name", "mine")
    assert json.loads(mnist("eval", "mine", "--json").out)["run"] == "mine"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_untrusted_code_is_refused_without_a_terminal(
    command: tuple[str, ...], mnist: Mnist, strangers_run: Run, canary: Path
) -> None:
    done = mnist(*command)
    assert (done.code, done.out, canary.exists()) == (4, "", False)
    assert "Run mine was not trained on this machine" in done.err
    assert "net.py" in done.err
    assert "--trust" in done.err


def test_trust_is_said_once_and_goes_with_the_code(
    mnist: Mnist, strangers_run: Run, canary: Path, runs_dir: Path
) -> None:
    assert mnist("check", "--run", "mine", "--trust").code in (0, 1)
    assert canary.exists()
    shutil.copytree(strangers_run.folder, runs_dir / "copied")
    assert mnist("eval", "copied", "--mistakes", "0").code == 0


@pytest.mark.parametrize(("answer", "code"), [(b"n\n", 4), (b"\n", 4), (b"y\n", 1)])
def test_in_a_terminal_it_is_asked(answer: bytes, code: int, strangers_run: Run, canary: Path, tmp_path: Path) -> None:
    screen = program.in_terminal(
        "check", "--run", "mine", answer_at="[y/N]", answer=answer, XDG_STATE_HOME=str(tmp_path / "state")
    )
    assert screen.code == code
    assert canary.exists() == (answer == b"y\n")
    assert "Run mine was not trained on this machine" in screen.text


def test_nothing_of_it_is_run_by_what_only_tells(mnist: Mnist, strangers_run: Run, canary: Path) -> None:
    for command in (
        ("runs", "list"),
        ("runs", "show", "mine"),
        ("runs", "export", "mine"),
        ("watch", "mine", "--once"),
    ):
        assert mnist(*command).code == 0
    assert mnist("runs", "rename", "mine", "theirs").code == 0
    assert mnist("runs", "delete", "theirs", "-y").code == 0
    assert not canary.exists()
    assert not strangers_run.folder.exists()


def test_a_run_of_the_future_is_not_the_latest(mnist: Mnist, spec: str, runs_dir: Path) -> None:
    for name in ("first", "second"):
        mnist(*TRAIN, "--model", "linear", "--name", name)
    record = Run(runs_dir / "first").record().to_dict()
    Run(runs_dir / "first").config_file.write_text(json.dumps({**record, "created": "9999-01-01T00:00:00.000Z"}))
    assert "second" in mnist("runs", "show", "latest").out
    assert [run["name"] for run in json.loads(mnist("runs", "list", "--json").out)] == ["first", "second"]


def test_a_changed_file_is_reported_once_and_the_copy_is_used(mnist: Mnist, spec: str) -> None:
    mnist(*TRAIN, "--model", spec, "--name", "mine")
    Path("net.py").write_text("class Other: pass\n")
    done = mnist("eval", "mine", "--mistakes", "0")
    assert done.code == 0
    assert done.err.count("net.py has changed since run mine began; its own copy is used") == 1


COUNTING = """        self.n = getattr(self, "n", 0) + 1
        assert self.n < 12 or not self.training, "twelve"
"""


def test_an_error_within_a_training_is_one_sentence(mnist: Mnist, spec: str) -> None:
    file = Path("net.py")
    file.write_text(file.read_text().replace("        print(", COUNTING + "        print("))
    done = mnist(*TRAIN, "--model", spec, "--epochs", "9", "--batch-size", "16")
    assert "AssertionError: twelve (line " in done.err
    assert "Traceback" not in done.err
