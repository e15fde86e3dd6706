"""The program in terminals of all kinds: what opens, what is refused, and that it can be read."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE
from tests.tui import odd_program
from tests.tui.dashboard_terminal import Terminal, environment

COLOR = re.compile(rb"\x1b\[(?:\d+;)*(?:3[0-8]|4[0-8]|9[0-7])(?:;\d+)*m")


def program(*arguments: str) -> list[str]:
    return ["-m", "mnist_tui", *arguments]


@pytest.mark.parametrize("arguments", [(), ("dashboard",)], ids=["no command", "dashboard"])
def test_a_terminal_gets_the_dashboard(arguments: tuple[str, ...], tmp_path: Path) -> None:
    with Terminal(program(*arguments), tmp_path, columns=80, rows=24) as terminal:
        terminal.wait_for("Train a small network", "● ready")
        terminal.press("q")
        assert terminal.ended()[0] == 0
        assert terminal.problems() == []


def test_without_a_terminal_there_is_help() -> None:
    shown = subprocess.run(
        [sys.executable, *program()],
        env=environment(Path.cwd()),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "Usage: mnist-tui" in shown.stdout


def test_a_dashboard_without_a_terminal_is_refused_with_what_to_do_instead() -> None:
    shown = subprocess.run(
        [sys.executable, *program("dashboard")],
        env=environment(Path.cwd()),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (shown.returncode, shown.stdout) == (2, "")
    assert "needs a terminal" in shown.stderr
    assert "train --headless" in shown.stderr


def test_a_dumb_terminal_is_refused_with_what_to_do_instead(tmp_path: Path) -> None:
    with Terminal(program("dashboard"), tmp_path, TERM="dumb") as terminal:
        assert terminal.ended()[0] == 2
        assert "needs a terminal" in terminal.text
        assert b"\x1b" not in terminal.raw


def test_training_in_a_terminal_opens_the_dashboard_and_begins(tmp_path: Path) -> None:
    train = ["--dataset=synthetic", "--model=linear", "--train-limit=1000", "--epochs=1"]
    with Terminal([odd_program.__file__, "--", "train", *train], tmp_path) as terminal:
        terminal.wait_for("● finished", "best test accuracy")
        terminal.press("q")
        assert terminal.ended()[0] == 0


def test_no_color_means_no_color(tmp_path: Path) -> None:
    with Terminal(program(), tmp_path, NO_COLOR="1") as terminal:
        terminal.wait_for("Train a small network")
        terminal.press("5")
        terminal.wait_for("No runs")
        gray = {match for match in COLOR.findall(terminal.raw) if not is_gray(match)}
        assert gray == set()
        terminal.press("q")
        assert terminal.ended()[0] == 0


def is_gray(code: bytes) -> bool:
    """Whether all the colors in this code are shades of gray: 232 to 255 of the palette, or red = green = blue."""
    palette = [int(number) for number in re.findall(rb"[34]8;5;(\d+)", code)]
    mixed = re.findall(rb"[34]8;2;(\d+);(\d+);(\d+)", code)
    grays = [number >= 232 or number in (16, 231) for number in palette]
    return bool(palette or mixed) and all(grays) and all(len(set(shade)) == 1 for shade in mixed)


@pytest.mark.parametrize("term", ["xterm", "linux", "screen-256color", "vt100"])
def test_a_plainer_terminal_is_readable(term: str, tmp_path: Path) -> None:
    with Terminal(program(), tmp_path, columns=80, rows=24, TERM=term) as terminal:
        terminal.wait_for("Train a small network", "1 Train", "q Quit")
        terminal.press("q")
        assert (terminal.ended()[0], terminal.problems()) == (0, [])


def test_dragging_the_window_redraws_it_to_fit(tmp_path: Path) -> None:
    with Terminal(program(), tmp_path, columns=200, rows=60) as terminal:
        terminal.wait_for("Train a small network")
        for columns, rows in ((120, 36), (60, 15), (90, 28), (80, 24)):
            terminal.resize(columns, rows)

        def is_whole() -> bool:
            first, *_, last = terminal.text.splitlines()
            return first.rstrip().endswith("● ready") and last.rstrip().endswith("q Quit")

        terminal.wait_until(is_whole, "title and footer")
        terminal.press("q")
        assert terminal.ended()[0] == 0
