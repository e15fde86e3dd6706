"""Processes side by side: what they tell, how they are stopped, and that a crash is only its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mnist_tui.errors import ConfigError
from mnist_tui.events import Event, Notice, Progress, Report, RunFailed, RunStopped
from mnist_tui.sweep.process_pool import ProcessPool, Worker
from mnist_tui.training.control import Control
from tests.cli import program
from tests.patience import PATIENCE, wait_until


@dataclass(frozen=True)
class Tells:
    """Tells something and ends."""

    message: str

    def __call__(self, control: Control, report: Report) -> None:
        report(Notice(message=self.message))


@dataclass(frozen=True)
class Waits:
    """Works until it is asked to stop, and leaves a file then."""

    kept: Path

    def __call__(self, control: Control, report: Report) -> None:
        report(Notice(message=str(os.getpid())))
        control.pause()
        control.wait_while_paused()
        self.kept.write_text(control.stop_reason)
        report(RunStopped(epoch=1, step=1, reason=control.stop_reason))


class Raises:
    """Fails as a run does that cannot begin."""

    def __call__(self, control: Control, report: Report) -> None:
        raise ConfigError("that is no model", remedy="Give another.")


class Breaks:
    """Fails unexpectedly, after writing to a terminal that is not its own."""

    def __call__(self, control: Control, report: Report) -> None:
        print("a library says this", flush=True)
        raise KeyError("no error of ours")


class Crashes:
    """As a bug in a library, or the system when memory is short."""

    def __call__(self, control: Control, report: Report) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture
def pool(trial_server: None, tmp_path: Path) -> Iterator[ProcessPool]:
    with ProcessPool(tmp_path / "stderr.log") as pool:
        yield pool


def all_events(pool: ProcessPool) -> dict[Worker, list[Event]]:
    """All events of all workers, to the end."""
    found: dict[Worker, list[Event]] = {}
    while len(pool):
        for worker, event in pool.wait(PATIENCE):
            found.setdefault(worker, []).extend([event] if event is not None else [])
    return found


def first_word(pool: ProcessPool) -> Event | None:
    [(_, event)] = pool.wait(PATIENCE)
    return event


def test_all_events_arrive_and_a_crash_affects_no_other_process(pool: ProcessPool, tmp_path: Path) -> None:
    workers = [pool.start(job) for job in (Tells("first"), Crashes(), Raises(), Breaks(), Tells("last"))]
    found = all_events(pool)
    assert [[getattr(event, "message", "") for event in found[worker]] for worker in workers] == [
        ["first"],
        [],
        ["that is no model"],
        ["'no error of ours'"],
        ["last"],
    ]
    assert workers[1].exit_reason == "its process was ended by SIGKILL"
    [refused], [broken] = found[workers[2]], found[workers[3]]
    assert isinstance(refused, RunFailed)
    assert (refused.exit_code, refused.remedy, refused.traceback) == (2, "Give another.", "")
    assert isinstance(broken, RunFailed)
    log = (tmp_path / "stderr.log").read_text()
    assert "a library says this" in log
    assert "KeyError: 'no error of ours'" in log


def test_a_worker_stops_for_the_first_reason_it_is_given(pool: ProcessPool, tmp_path: Path) -> None:
    worker = pool.start(Waits(tmp_path / "kept"))
    first_word(pool)
    worker.stop("pruned: it does no good")
    worker.stop("another reason")
    all_events(pool)
    assert (tmp_path / "kept").read_text() == "pruned: it does no good"


def test_a_termination_of_one_process_is_a_wish_to_stop(pool: ProcessPool, tmp_path: Path) -> None:
    worker = pool.start(Waits(tmp_path / "kept"))
    first_word(pool)
    assert worker.process.pid
    os.kill(worker.process.pid, signal.SIGINT)  # the sweep's business
    os.kill(worker.process.pid, signal.SIGTERM)
    all_events(pool)
    assert (tmp_path / "kept").read_text() == "terminated"


def test_leaving_stops_who_is_still_at_work(trial_server: None, tmp_path: Path) -> None:
    with ProcessPool(tmp_path / "stderr.log") as pool:
        pool.start(Waits(tmp_path / "kept"))
        first_word(pool)
    assert (tmp_path / "kept").read_text() == "the sweep has ended"


KILLED = """
import os, signal, sys
from pathlib import Path
from mnist_tui.sweep.process_pool import ProcessPool
from tests.sweep.test_process_pool import Waits

if __name__ == "__main__":
    with ProcessPool(Path(sys.argv[1]) / "stderr.log") as pool:
        pool.start(Waits(Path(sys.argv[1]) / "kept"))
        [(_, event)] = pool.wait(None)
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_nobody_is_orphaned_by_a_kill(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], env=program.environment(), check=False)
    assert done.returncode == -signal.SIGKILL
    wait_until((tmp_path / "kept").exists)
    assert (tmp_path / "kept").read_text() in ("", "the sweep has gone")


def test_batch_losses_stay_where_they_are(pool: ProcessPool) -> None:
    pool.start(TellsProgress())
    event = first_word(pool)
    all_events(pool)
    assert isinstance(event, Progress)
    assert (event.step, event.batch_losses) == (7, ())


class TellsProgress:
    """Reports like a run, ten times per second."""

    def __call__(self, control: Control, report: Report) -> None:
        report(
            Progress(
                epoch=1,
                epochs=1,
                phase="training",
                step=7,
                steps=9,
                images_per_second=1.0,
                loss=0.5,
                accuracy=0.5,
                learning_rate=0.1,
                batch_losses=(0.5, 0.4),
            )
        )
