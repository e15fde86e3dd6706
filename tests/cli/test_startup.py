"""Before anything is trained: a quick start, help that helps, and a version."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from mnist_tui import __version__
from mnist_tui.cli.app import app
from tests.cli import program
from tests.cli.conftest import Mnist
from tests.patience import PATIENCE

README = Path(__file__).parents[2] / "README.md"


def commands(group: Any, *path: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command and group, with the words that call it."""
    yield path, group
    for name in group.list_commands(None) if hasattr(group, "list_commands") else ():
        yield from commands(group.get_command(None, name), *path, name)


COMMANDS = list(commands(typer.main.get_command(app)))
LEAVES = [(path, command) for path, command in COMMANDS if not hasattr(command, "list_commands")]


def named(path: tuple[str, ...]) -> str:
    return " ".join(path) or "mnist-tui"


@pytest.mark.parametrize("module", ["mnist_tui.cli", "mnist_tui.cli.app"])
def test_a_start_brings_neither_torch_nor_textual(module: str) -> None:
    heavy = ("torch", "torchvision", "textual", "numpy", "PIL", "requests", "pydantic")
    code = f"import sys, {module}; print(*[name for name in {heavy} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=program.environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    assert done.stdout.split() == []


@pytest.mark.parametrize("path", [path for path, _ in COMMANDS], ids=named)
def test_every_command_has_help(path: tuple[str, ...], mnist: Mnist) -> None:
    shown = mnist(*path, "--help")
    assert shown.code == 0
    assert " ".join(("Usage: mnist-tui", *path)) in shown.out
    assert max(map(len, shown.out.splitlines())) <= 80
    assert "(reference)" not in shown.out  # how Typer shows a default it was told in words
    assert mnist(*path, "-h") == shown


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=[named(path) for path, _ in COMMANDS])
def test_every_command_and_option_says_what_it_is_for(path: tuple[str, ...], command: Any) -> None:
    assert command.help
    undocumented = [entry.name for entry in command.params if not getattr(entry, "help", None)]
    assert undocumented == []


@pytest.mark.parametrize("path", [path for path, _ in LEAVES], ids=named)
def test_the_readme_has_every_command(path: tuple[str, ...]) -> None:
    text = README.read_text(encoding="utf-8")
    if not text.strip():
        pytest.skip("there is no README yet")
    assert re.search(rf"mnist-tui {' '.join(path)}\b", text)


def test_the_settings_show_their_defaults(mnist: Mnist, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    text = mnist("train", "--help").out
    for option, default in (
        ("epochs", "15"),
        ("end-divisor", "10000"),
        ("lr", "0.01"),
        ("recipe", "reference"),
    ):
        assert re.search(rf"--{option} .*\[default: {default}\]", text)


def test_without_a_command_and_a_terminal_there_is_help(mnist: Mnist) -> None:
    nothing = mnist()
    assert nothing.code == 0
    assert "inspect-model" in nothing.out


@pytest.mark.parametrize("start", ["module", "script"])
def test_the_version_by_module_and_by_script(start: str) -> None:
    script = Path(sys.executable).with_name("mnist-tui")
    if start == "script" and not script.exists():
        pytest.skip("the package is not installed beside this Python")
    words = [str(script)] if start == "script" else [sys.executable, "-m", "mnist_tui"]
    done = subprocess.run(
        [*words, "--version"],
        env=program.environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, f"mnist-tui {__version__}\n", "")


def test_a_misspelt_command_is_a_usage_error_that_names_it(mnist: Mnist) -> None:
    wrong = mnist("trian")
    assert wrong.code == 2
    assert "'trian'" in wrong.err
    assert "'train'" in wrong.err


def test_a_character_that_the_terminal_lacks_is_no_failure() -> None:
    shown = program.run("check", PYTHONIOENCODING="ascii")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "?  parameters" in shown.stdout
