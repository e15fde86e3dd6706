"""Damaged runs in the dashboard."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import sample_runs
from tests.tui.app_support import OpenDashboard, with_dashboard
from tests.tui.hostile_tour import tour


def test_accuracies_that_are_none_are_not_in_the_previews_curve(tmp_path: Path) -> None:
    sample_runs.write_finished(tmp_path / "runs", "odd", 0.5, float("nan"), 1e308, -1e308, 0.75)

    async def scenario(dashboard: OpenDashboard) -> None:
        await dashboard.press("5")
        await dashboard.wait_for_text("50.00 % → 75.00 %")

    with_dashboard(scenario, tmp_path, has_job=False)


@pytest.mark.early
def test_no_damaged_run_ends_the_dashboard(tmp_path: Path) -> None:
    assert len(tour(tmp_path, range(3))) == 3
