"""Runs from anywhere in the dashboard: every screen that shows them, and every dialog about them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.tui.hostile_tour import tour

TOURS, RUNS = 4, 6


def test_no_run_breaks_a_screen(tmp_path: Path, report: Callable[[str], None]) -> None:
    seen = 0
    for number in range(TOURS):
        first = 100 + number * RUNS
        seen += len(tour(tmp_path / str(number), range(first, first + RUNS)))
    report(f"{seen} damaged runs in the lists, previews, run views, comparisons, forms and as networks: no exception")
    assert seen == TOURS * RUNS
