"""Odd machines: no torchvision, no UTF-8, no usable terminal, no home folder, or a read-only one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.cli import program

Report = Callable[[str], None]

NAMES = ("DATA", "RUNS", "CACHE", "STATE")
# How torchvision can be missing: not there, broken, or made for another torch.
TORCHVISIONS: Mapping[str, str] = {
    "absent": "raise ModuleNotFoundError(\"No module named 'torchvision'\", name='torchvision')",
    "broken": "raise ImportError('libcudart.so.12: cannot open shared object file')",
    "for another torch": "raise RuntimeError('operator torchvision::roi_align does not exist')",
    "nonsense": "1/0",
}
COMMANDS: tuple[tuple[str, ...], ...] = (
    program.QUICK,
    ("runs", "show", "latest"),
)


def try_commands(extra: Mapping[str, str], *, without: tuple[str, ...] = ()) -> None:
    """A first run and what is done with it, in that environment; each must end well."""
    for words in COMMANDS:
        done = run_without(without, words, extra)
        assert "Traceback" not in done[1] + done[2], (words, done)
        assert done[0] == 0, (words, done)


def run_without(without: tuple[str, ...], words: tuple[str, ...], extra: Mapping[str, str]) -> tuple[int, str, str]:
    with pytest.MonkeyPatch.context() as patch:
        for name in without:
            patch.delenv(name, raising=False)
        done = program.run(*words, **extra)
    return done.returncode, done.stdout, done.stderr


def folders(folder: Path) -> dict[str, str]:
    return {f"MNIST_TUI_{name}_DIR": str(folder / name.lower()) for name in NAMES}


@pytest.mark.parametrize("how", TORCHVISIONS)
def test_without_torchvision_drawn_digits_are_trained_on(how: str, tmp_path: Path, report: Report) -> None:
    package = tmp_path / "stub" / "torchvision"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(TORCHVISIONS[how] + "\n")
    root = program.environment()["PYTHONPATH"]
    extra = {**folders(tmp_path), "PYTHONPATH": f"{package.parent}{os.pathsep}{root}"}
    start = "import sys; sys.path.insert(0, sys.argv.pop(1)); import torchvision"
    stubbed = subprocess.run(
        [sys.executable, "-c", start, str(package.parent)], capture_output=True, text=True, check=False
    )
    assert stubbed.returncode != 0, "the stub does not stand in for torchvision"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(program, "environment", lambda more=None: {**os.environ, **extra, **(more or {})})
        try_commands({})
    report(f"torchvision {how}: {len(COMMANDS)} commands, all well")


LOCALES = {
    "C": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "POSIX": {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0"},
    "ASCII": {"PYTHONIOENCODING": "ascii", "LC_ALL": "C.UTF-8"},
    "unknown": {"LC_ALL": "xx_YY.nonsense", "LANG": "zz"},
    "Turkish": {"LC_ALL": "tr_TR.UTF-8"},
    "dumb": {"TERM": "dumb"},
    "no TERM": {"TERM": ""},
    "narrow": {"COLUMNS": "20"},
    "nonsense width": {"COLUMNS": "nonsense", "LINES": "-3"},
}


@pytest.mark.parametrize("name", LOCALES)
def test_in_any_locale_and_terminal_it_works(name: str, tmp_path: Path, report: Report) -> None:
    try_commands({**folders(tmp_path), **LOCALES[name]})
    screen = program.in_terminal("runs", "show", "latest", **{**folders(tmp_path), **LOCALES[name]})
    assert screen.code == 0, screen.text
    assert "Traceback" not in screen.text
    assert screen.cursor_is_visible
    report(f"{name}: a training and its story through pipes, and the story in a terminal, all well")


HOMES = ("spaces and ümläüts 数 [red]", "emoji 🦊", 'quote\'s "and" $HOME `x` %s {}', "-dash")


@pytest.mark.parametrize("name", HOMES)
def test_a_home_may_have_any_name(name: str, tmp_path: Path, report: Report) -> None:
    home = tmp_path / name
    home.mkdir()
    without = ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME")
    without += tuple(f"MNIST_TUI_{one}_DIR" for one in NAMES)
    try_commands({"HOME": str(home)}, without=without)
    assert list(home.rglob("events.jsonl"))
    report(f"{name!r}: {len(COMMANDS)} commands, all well, and the run is in that home")


@pytest.mark.parametrize("home", ["/nonexistent/home", "/dev/null", "/proc/1/nothing", ""])
def test_without_a_home_it_says_where_it_cannot_write(home: str, report: Report) -> None:
    without = ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME")
    without += tuple(f"MNIST_TUI_{one}_DIR" for one in NAMES)
    if os.geteuid() == 0 and home == "/nonexistent/home":
        pytest.skip("root can make any folder")
    codes = {}
    for words in (("--help",), *COMMANDS) if home else (("--help",),):
        code, out, err = run_without(without, words, {"HOME": home})
        assert "Traceback" not in out + err, (words, err)
        assert code == 0 or "error: " in err, (words, err)
        codes[words[0]] = code
    assert codes["--help"] == 0
    report(f"home {home!r}: exit codes {codes}, every failure in words")
