"""A run from another machine in the dashboard: its code is run after one question, and not without."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import mnist_tui.inference.evaluation  # as is the next, here, so that no test waits for torch
import mnist_tui.inference.live  # noqa: F401
from mnist_tui.errors import ModelError
from mnist_tui.events import DataProgress
from mnist_tui.models import trusted_code
from mnist_tui.runs import Run
from mnist_tui.tui.code_trust import spec_for_new_run
from mnist_tui.tui.session import SessionPhase
from tests import trained_runs
from tests.tui.app_support import OpenDashboard, with_dashboard

NET = """from pathlib import Path
from torch import nn

Path({canary!r}).touch()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(784, 10)

    def forward(self, x):
        return self.fc(x.flatten(1))
"""


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """Is there once the code has been run."""
    return tmp_path / "canary"


@pytest.fixture
def run(tmp_path: Path, canary: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run whose network's file has not been used for training on this machine."""
    monkeypatch.setenv("MNIST_TUI_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setattr(trusted_code, "_trusted_now", set())
    run = trained_runs.write(tmp_path / "runs", "theirs")
    file = tmp_path / "net.py"
    file.write_text(NET.format(canary=str(canary)))
    record = run.record().to_dict()
    record["config"]["model"] = f"{file}:Net"
    run.config_file.write_text(json.dumps(record))
    return run


@pytest.mark.parametrize("key", ["3", "4"])
def test_a_screen_asks_once_and_runs_nothing_until_it_may(key: str, tmp_path: Path, run: Run, canary: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await dashboard.press(key)
        await dashboard.wait_for_text("Run this code?", "Run theirs was not trained on this machine", "net.py")
        assert not canary.exists()
        await dashboard.press("enter")  # the default answer is no
        await dashboard.wait_for_text("has not been run")
        await dashboard.press("1", key)
        await dashboard.wait_for_text("has not been run")
        assert "Run this code?" not in dashboard.text
        assert not canary.exists()
        await dashboard.press("N")
        await dashboard.wait_for_text("theirs")
        await dashboard.press("down", "enter")
        await dashboard.wait_for_text("Run this code?")
        await dashboard.press("y")
        await dashboard.until(canary.exists)
        await dashboard.until(lambda: "has not been run" not in dashboard.text)

    with_dashboard(scenario, tmp_path, has_job=False)


def test_the_model_screen_asks_when_an_untrusted_run_is_chosen(tmp_path: Path, run: Run, canary: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await dashboard.press("2", "N")
        await dashboard.wait_for_text("theirs")
        await dashboard.press("down", "enter")
        await dashboard.wait_for_text("Run this code?")
        assert not canary.exists()
        await dashboard.press("y")
        await dashboard.until(canary.exists)

    with_dashboard(scenario, tmp_path, has_job=False)


def test_a_new_run_like_an_untrusted_one_is_asked_about_first(tmp_path: Path, run: Run, canary: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        await dashboard.press("5")
        await dashboard.wait_for_text("theirs")
        await dashboard.press("n")
        await dashboard.wait_for_text("Run this code?")
        await dashboard.press("n")
        await dashboard.until(lambda: "Run this code?" not in dashboard.text)
        assert "New run" not in dashboard.text.removesuffix(dashboard.footer)
        assert not canary.exists()

    with_dashboard(scenario, tmp_path, has_job=False)


def test_a_failure_before_the_run_is_what_the_title_says(tmp_path: Path) -> None:
    async def scenario(dashboard: OpenDashboard) -> None:
        fetching = DataProgress(dataset="mnist", item="images", stage="fetching", done=1, total=2, unit="bytes")
        await dashboard.report(fetching, until=SessionPhase.FETCHING)
        await dashboard.report(fetching, ModelError("importing net.py raised KeyError"), until=SessionPhase.FAILED)
        await dashboard.wait_for_text("● failed", "importing net.py raised KeyError")
        dashboard.app._take_events(dashboard.app.session.training)  # events that were on their way
        dashboard.app.session_changed()
        await dashboard.wait_for_text("● failed", "importing net.py raised KeyError")
        assert "getting data" not in dashboard.title

    with_dashboard(scenario, tmp_path)


def test_another_run_takes_the_kept_copy_where_the_file_has_changed(tmp_path: Path, run: Run) -> None:
    assert spec_for_new_run(run) == run.record().config["model"]
