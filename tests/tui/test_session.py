"""How the dashboard's work stands, as the worker's events and a person's wishes move it. No widgets."""

from __future__ import annotations

import queue
from pathlib import Path
from typing import Any

import pytest
from textual.message import Message

from mnist_tui.config import TrainConfig
from mnist_tui.events import (
    DataProgress,
    EpochStarted,
    Event,
    Preparing,
    RunFailed,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStopped,
)
from mnist_tui.runs.history import RunHistory, fold
from mnist_tui.training.jobs import Folders, ResumedRun
from mnist_tui.tui.session import Session, SessionPhase
from mnist_tui.tui.workers.training import ThreadResult
from tests.patience import PATIENCE
from tests.tui.app_support import ScriptedRun, run_started
from tests.tui.support import progress, row

EPOCH = EpochStarted(epoch=1, epochs=5, steps=20)
FETCHING = DataProgress(dataset="mnist", stage="fetching", item="a file", done=1, total=2, unit="bytes")
FINISHED = RunFinished(
    epochs=5,
    best_epoch=5,
    best_accuracy=0.9,
    best_test_accuracy=0.9,
    best_test_loss=0.1,
    best_train_loss=0.1,
    final_test_accuracy=0.9,
    final_test_loss=0.1,
    selected_on="test",
    seconds=9.0,
    mean_epoch_seconds=1.8,
)
STOPPED = RunStopped(epoch=1, step=3, reason="enough")
FAILED = RunFailed(error="ValueError", message="it broke", remedy="Mend it.", exit_code=4)


class Nobody:
    """A listener that is told and does nothing."""

    def post_message(self, message: Message) -> bool:
        return True


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path / "data", tmp_path / "runs")


@pytest.fixture
def session(folders: Folders) -> Any:
    """One whose job waits for the end of the test."""
    session = Session(Nobody())  # type: ignore[arg-type]
    job = ScriptedRun(TrainConfig(), folders, script=queue.Queue())
    session.begin(job)
    yield session
    job.report(None)
    assert session.training is not None
    assert session.training.join(PATIENCE)


def apply_events(session: Session, *events: Event) -> SessionPhase:
    session.apply(list(events))
    return session.phase


def ended(session: Session, *events: Event, ending: ThreadResult | None = None) -> SessionPhase:
    session.apply(list(events))
    session.end(ending or ThreadResult())
    return session.phase


def test_it_begins_with_loading_torch(session: Session) -> None:
    assert session.phase is SessionPhase.LOADING
    assert session.phase.is_busy
    assert not session.has_begun


def test_events_move_it_on(session: Session) -> None:
    assert apply_events(session, FETCHING) is SessionPhase.FETCHING
    assert apply_events(session, Preparing(what="compiling the step")) is SessionPhase.COMPILING
    assert session.phase.is_busy
    assert apply_events(session, run_started()) is SessionPhase.TRAINING
    assert apply_events(session, EPOCH, progress(1, 3)) is SessionPhase.TRAINING
    assert apply_events(session, progress(1, 3, phase="evaluating")) is SessionPhase.EVALUATING
    assert apply_events(session, row(1)) is SessionPhase.EVALUATING
    assert apply_events(session, RunPaused(epoch=1, step=3)) is SessionPhase.PAUSED
    assert apply_events(session, RunResumed(epoch=1, step=3)) is SessionPhase.TRAINING
    assert ended(session, FINISHED) is SessionPhase.FINISHED
    assert not session.phase.is_busy


def test_nothing_new_changes_nothing(session: Session) -> None:
    apply_events(session, FETCHING)
    assert apply_events(session) is SessionPhase.FETCHING


def test_a_wish_is_shown_until_it_is_answered(session: Session) -> None:
    apply_events(session, run_started(), EPOCH)
    session.pause()
    assert session.phase is SessionPhase.PAUSING
    assert apply_events(session, progress(1, 3)) is SessionPhase.PAUSING
    assert apply_events(session, RunPaused(epoch=1, step=3)) is SessionPhase.PAUSED
    session.resume()
    assert session.phase is SessionPhase.TRAINING
    session.stop()
    assert apply_events(session, progress(1, 4), RunPaused(epoch=1, step=3)) is SessionPhase.STOPPING
    assert ended(session, STOPPED) is SessionPhase.STOPPED


def test_a_pause_can_be_taken_back_before_it_came(session: Session) -> None:
    apply_events(session, run_started(), EPOCH)
    session.pause()
    session.resume()
    assert session.phase is SessionPhase.TRAINING
    assert session.training is not None
    assert not session.training.control.is_paused


@pytest.mark.parametrize("action", ["pause", "resume", "stop"])
def test_pause_resume_and_stop_do_nothing_where_nothing_runs(action: str, session: Session) -> None:
    ended(session, run_started(), STOPPED)
    getattr(session, action)()
    assert session.phase is SessionPhase.STOPPED


def test_what_was_stopped_can_be_resumed_and_what_is_finished_prolonged(session: Session, folders: Folders) -> None:
    apply_events(session, run_started("mine"))
    assert session.resume_job() is None
    ended(session, STOPPED)
    folder = str(folders.runs / "mine")
    assert session.resume_job() == ResumedRun(folder, folders)
    assert session.extension_job() is None
    ended(session, FINISHED)
    assert session.resume_job() is None
    assert session.extension_job() == ResumedRun(folder, folders, more_epochs=1)


def test_a_run_from_elsewhere_is_resumed_from_there(folders: Folders, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere" / "old"
    session = Session(Nobody())  # type: ignore[arg-type]
    session.begin(ResumedRun(str(elsewhere), folders), fold([run_started("old"), STOPPED]))
    assert session.training is not None
    assert session.training.join(PATIENCE)
    session.end(ThreadResult(FAILED))
    assert session.resume_job() == ResumedRun(str(elsewhere), folders)


def test_stopped_before_there_was_a_run_is_as_if_nothing_had_been(session: Session) -> None:
    session.stop()
    assert ended(session, ending=ThreadResult(interrupted=True)) is SessionPhase.IDLE


def test_a_failure_before_the_run_is_kept(session: Session) -> None:
    assert ended(session, ending=ThreadResult(FAILED)) is SessionPhase.FAILED
    assert session.failed == FAILED
    assert session.resume_job() is None


def test_a_failure_of_the_run_says_where_the_log_is(session: Session, folders: Folders) -> None:
    assert ended(session, run_started("mine"), EPOCH, FAILED) is SessionPhase.FAILED
    assert session.failed is not None
    log = folders.runs / "mine" / "events.jsonl"
    assert session.failed.remedy == f"Mend it. The log is {log}."
    assert session.history.failed == session.failed


def test_a_failure_outside_the_run_is_in_its_picture_too(session: Session) -> None:
    assert (
        ended(session, run_started("mine"), EPOCH, progress(1, 2), ending=ThreadResult(FAILED)) is SessionPhase.FAILED
    )
    assert session.history.failed is not None
    assert session.history.failed.message == "it broke"
    assert session.resume_job() is not None


@pytest.mark.parametrize("events", [(), (run_started(), EPOCH)], ids=["before a run", "within one"])
def test_a_worker_that_ends_without_a_word_has_failed(events: tuple[Event, ...], session: Session) -> None:
    assert ended(session, *events) is SessionPhase.FAILED
    assert session.failed is not None


@pytest.mark.parametrize(("last", "stands"), [(STOPPED, SessionPhase.STOPPED), (FINISHED, SessionPhase.FINISHED)])
def test_a_resume_that_is_stopped_at_once_leaves_the_run_as_it_was(
    last: Event, stands: SessionPhase, folders: Folders
) -> None:
    session = Session(Nobody())  # type: ignore[arg-type]
    session.begin(ResumedRun("nowhere", folders), fold([run_started(), EPOCH, last]))
    assert session.phase is SessionPhase.LOADING
    assert session.training is not None
    assert session.training.join(PATIENCE)
    assert apply_events(session, FETCHING) is SessionPhase.FETCHING
    assert ended(session, ending=ThreadResult(interrupted=True)) is stands


def test_the_next_run_starts_with_nothing_of_the_last(session: Session, folders: Folders) -> None:
    ended(session, run_started(), EPOCH, FAILED)
    before = session.generation
    assert session.job is not None
    job = ScriptedRun(TrainConfig(), folders)
    job.report(None)
    session.begin(job)
    assert session.generation == before + 1
    assert (session.failed, session.waiting, session.has_begun) == (None, None, False)
    assert session.history == RunHistory()
