"""Fixtures of the command line: empty folders and settings, easy digits, and the program in this process."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import mnist_tui.cli
from mnist_tui.system import paths
from tests.cli import easy_digits

NOWHERE = "http://127.0.0.1:9"
"""A proxy that is not there: with it, no mirror can be reached."""


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


Mnist = Callable[..., Result]


@pytest.fixture(autouse=True)
def _at_home_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings, no data, no runs and no network but the test's own; compiled steps are shared."""
    others = [name for name in os.environ if name.startswith("MNIST_TUI_") and name != "MNIST_TUI_CACHE_DIR"]
    for name in (*others, "NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HTTPS_PROXY", NOWHERE)
    monkeypatch.setenv("MNIST_TUI_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("MNIST_TUI_RUNS_DIR", str(tmp_path / "runs"))
    monkeypatch.setitem(sys.modules, "mnist_tui.data.synthetic", easy_digits.module())


@pytest.fixture
def runs_dir() -> Path:
    return paths.runs_dir()


@pytest.fixture
def mnist(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Mnist:
    """The program in this process: `mnist("runs", "list")`, with `typed` on its standard input."""

    def run(*arguments: object, typed: str = "") -> Result:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["mnist-tui", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed.encode())))
        with pytest.raises(SystemExit) as left:
            mnist_tui.cli.main()
        out, err = capsys.readouterr()
        code: Any = left.value.code
        return Result(code or 0, out, err)

    return run
