"""The idle dashboard: what does not change is not redrawn."""

from __future__ import annotations

import time
from pathlib import Path

from tests import sample_runs
from tests.tui.dashboard_terminal import PATIENCE, Terminal

SILENCE = 2.5
"""Seconds; every screen looks for something new more than twice in this time."""


def wait_for_silence(terminal: Terminal, what: str) -> None:
    end = time.monotonic() + PATIENCE
    silent_since = time.monotonic()
    while time.monotonic() - silent_since < SILENCE:
        if terminal.read():
            silent_since = time.monotonic()
        assert silent_since < end, f"{what} is drawn again and again:\n{terminal.text}"


def test_the_list_a_story_and_a_comparison_write_nothing_while_nothing_changes(tmp_path: Path) -> None:
    for name in ("alpha", "beta"):
        sample_runs.write_finished(tmp_path / "runs", name, 0.8, 0.9, 0.95)
    with Terminal(["-m", "mnist_tui", "dashboard"], tmp_path) as terminal:
        terminal.wait_for("● ready")
        terminal.press("5")
        terminal.wait_for("2 runs")
        wait_for_silence(terminal, "the list")
        terminal.press("\r")
        terminal.wait_for("Runs ›")
        wait_for_silence(terminal, "the story")
        terminal.press("\x1b")
        terminal.wait_for("2 runs")
        terminal.press("  c")
        terminal.wait_for("Compare")
        wait_for_silence(terminal, "the comparison")
