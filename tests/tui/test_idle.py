"""The idle dashboard: what does not change is not redrawn."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests import sample_runs
from tests.tui import warm_program
from tests.tui.dashboard_terminal import PATIENCE, Terminal

SILENCE = 2.5
"""Seconds; every screen looks for something new more than twice in this time."""


def wait_for_silence(terminals: Mapping[str, Terminal]) -> None:
    """Until none of them has drawn anything for that long."""
    end = time.monotonic() + PATIENCE
    silent_since = time.monotonic()
    while time.monotonic() - silent_since < SILENCE:
        for what, terminal in terminals.items():
            if terminal.read():
                silent_since = time.monotonic()
                assert silent_since < end, f"{what} is drawn again and again:\n{terminal.text}"


def list_of_runs(terminal: Terminal) -> None:
    terminal.wait_for("● ready")
    terminal.press("5")
    terminal.wait_for("2 runs")


def story(terminal: Terminal) -> None:
    list_of_runs(terminal)
    terminal.press("\r")
    terminal.wait_for("Runs ›")


def comparison(terminal: Terminal) -> None:
    list_of_runs(terminal)
    terminal.press("  c")
    terminal.wait_for("Compare")


@pytest.mark.early
def test_the_list_a_story_and_a_comparison_write_nothing_while_nothing_changes(tmp_path: Path) -> None:
    for name in ("alpha", "beta"):
        sample_runs.write_finished(tmp_path / "runs", name, 0.8, 0.9, 0.95)
    with contextlib.ExitStack() as opened:
        terminals = {}
        for open_it in (list_of_runs, story, comparison):
            terminal = Terminal(["-m", "mnist_tui", "dashboard"], tmp_path, begin=warm_program.begin)
            terminals[open_it.__name__] = opened.enter_context(terminal)
            open_it(terminal)
        wait_for_silence(terminals)
