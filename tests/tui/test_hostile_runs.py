"""Damaged runs in the dashboard."""

from __future__ import annotations

from pathlib import Path

from tests.tui.hostile_tour import tour


def test_no_damaged_run_ends_the_dashboard(tmp_path: Path) -> None:
    assert len(tour(tmp_path, range(3))) == 3
