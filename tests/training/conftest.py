"""A laboratory for short trainings, and a run that was stopped in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mnist_tui.runs import Run
from tests.engine_fixtures import Lab, at_step


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    return Lab(tmp_path, monkeypatch)


@pytest.fixture
def stopped(lab: Lab) -> Run:
    """A run stopped after the third step of its second epoch."""
    run = lab.start(name="mine", watch=lab.stop_at(at_step(10))).run
    lab.events.clear()
    return run
