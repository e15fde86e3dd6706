"""How many side by side, and what the loop makes of processes that end in every way."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from mnist_tui.sweep.scheduler import ResumeWhenUnlocked, choose_jobs
from mnist_tui.training.control import Control
from mnist_tui.training.jobs import Folders, ResumedRun
from tests import sample_runs


@pytest.mark.parametrize(
    ("device", "threads", "cores", "jobs"),
    [
        ("cpu", 0, 2, 2),
        ("cpu", 1, 16, 16),
        ("cpu", 4, 16, 4),
        ("cpu", 4, 2, 1),
        ("cuda", 0, 16, 4),
        ("cuda", 0, 2, 2),
        ("mps", 0, 8, 1),
    ],
)
def test_as_many_as_there_is_room_for(device: str, threads: int, cores: int, jobs: int) -> None:
    assert choose_jobs(device, threads, cores) == jobs


def test_a_run_is_gone_on_with_when_its_last_process_has_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = sample_runs.write(tmp_path, "run", sample_runs.epoch(1))
    was_locked: list[bool] = []
    monkeypatch.setattr(ResumedRun, "__call__", lambda *_: was_locked.append(run.is_locked()))
    job = ResumeWhenUnlocked(run, ResumedRun("run", Folders(tmp_path, tmp_path)))
    with run.writer():
        going = threading.Thread(target=job, args=(Control(), lambda event: None))
        going.start()
        going.join(0.6)
        assert was_locked == []
    going.join()
    assert was_locked == [False]
