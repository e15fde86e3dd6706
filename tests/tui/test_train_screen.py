"""The Train screen as a whole: steps of loading, notices, the projector, and the run to compare with."""

from __future__ import annotations

from pathlib import Path

from mnist_tui.events import Notice, Preparing
from mnist_tui.tui.screens.dialogs.export import ExportDialog
from mnist_tui.tui.session import SessionPhase
from mnist_tui.tui.widgets.frame.loading import LoadingPanel
from mnist_tui.tui.widgets.frame.title_bar import TitleBar
from mnist_tui.tui.widgets.runs.run_view import RunView
from tests import sample_runs
from tests.tui.app_support import OpenDashboard, run_started, with_dashboard
from tests.tui.support import epoch_events, progress
from tests.tui.test_session import FINISHED

DECISIVE = Notice(message="training on synthetic digits instead", topic="data", severity="decisive")
MIRROR = Notice(message="a mirror failed", topic="data", severity="detail")


def test_loading_is_a_list_of_steps(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await dashboard.wait_for_text("● load torch", "○ get the data", "○ create the network")
        await dashboard.report(Preparing(what="compiling the training step"), until=SessionPhase.COMPILING)
        await dashboard.wait_for_text("✓ load torch", "✓ create the network", "● prepare the training step")
        assert dashboard.app.screen.query_one(LoadingPanel).region.height > 0

    with_dashboard(scenario, tmp_path)


def test_notices_are_listed_and_the_projector_comes_and_goes(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        start = run_started()
        await dashboard.report(start, MIRROR, DECISIVE, MIRROR, *epoch_events(1), progress(2, 5))
        await dashboard.wait_for_text("⚠ training on synthetic digits instead", "! all 2")
        await dashboard.press("exclamation_mark")
        await dashboard.wait_for_text("Notices", "a mirror failed", DECISIVE.time[17:19])
        await dashboard.press("escape", "escape")
        await dashboard.until(lambda: "⚠" not in dashboard.text)

        await dashboard.press("P")
        await dashboard.wait_for_text("██", "%  test accuracy · epoch 2/5")
        assert not dashboard.app.screen.query_one(TitleBar).display
        assert "Epochs" not in dashboard.text
        await dashboard.report(progress(3, 5))
        await dashboard.wait_for_text("epoch 3/5")
        await dashboard.press("escape")
        await dashboard.wait_for_text("1 Train", "Epochs")

    with_dashboard(scenario, tmp_path, size=(80, 24))


def test_a_run_is_compared_with_the_best_one_and_then_with_the_pinned_one(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    sample_runs.write_finished(runs, "best", 0.90, 0.98)
    pinned = sample_runs.write_finished(runs, "pinned", 0.97, 0.975)

    async def scenario(dashboard: OpenDashboard) -> None:
        start = run_started(config={"batch_size": 16, "epochs": 2})
        await dashboard.report(start, *epoch_events(1, epochs=2), progress(2, 5, epochs=2))
        await dashboard.wait_for_text("ahead by 5.00 %", "vs best")
        dashboard.app.workspace.reference = pinned
        await dashboard.report(progress(2, 6, epochs=2))
        await dashboard.wait_for_text("behind by 2.00 %", "vs pinned")
        view = dashboard.app.screen.query_one(RunView)
        assert view.curves.region.height > 0

    with_dashboard(scenario, tmp_path)


def test_what_the_card_at_the_end_offers_is_there(tmp_path: Path) -> None:
    sample_runs.write_finished(tmp_path / "runs", "a-run", 0.90, 0.98)

    async def scenario(dashboard: OpenDashboard) -> None:
        await dashboard.report(run_started(), *epoch_events(1), FINISHED, None, until=SessionPhase.FINISHED)
        await dashboard.wait_for_text("final test accuracy", "3  mistakes", "4  draw", "x  export", "+  one more epoch")
        await dashboard.press("x")
        await dashboard.until(lambda: isinstance(dashboard.app.screen, ExportDialog))
        await dashboard.press("escape", "3")
        await dashboard.wait_for_text("3 Evaluate")

    with_dashboard(scenario, tmp_path)
