"""The dashboard's one training: its thread, the run's history so far, and its phase. No widgets."""

from __future__ import annotations

import dataclasses
from enum import StrEnum
from pathlib import Path

from textual.message_pump import MessagePump

from mnist_tui.events import DataProgress, Event, Preparing, RunFailed, RunStarted
from mnist_tui.runs import Run
from mnist_tui.runs.history import RunHistory, RunStatus
from mnist_tui.training.jobs import Job, ResumedRun
from mnist_tui.training.snapshot import Snapshot
from mnist_tui.tui.workers.training import ThreadResult, TrainingThread


class SessionPhase(StrEnum):
    """The dashboard's states, as the user reads them."""

    IDLE = "ready"
    LOADING = "loading torch"
    FETCHING = "getting data"
    BUILDING = "creating the network"
    COMPILING = "compiling"
    TRAINING = "training"
    EVALUATING = "evaluating"
    PAUSING = "pausing"
    PAUSED = "paused"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FINISHED = "finished"
    FAILED = "failed"

    @property
    def is_busy(self) -> bool:
        """Whether a worker thread is at work."""
        return self not in (
            SessionPhase.IDLE,
            SessionPhase.STOPPED,
            SessionPhase.FINISHED,
            SessionPhase.FAILED,
        )

    @property
    def color(self) -> str:
        """The theme's name for the color of the phase."""
        return _COLORS.get(self, "accent" if self.is_busy else "muted")


_COLORS = {
    SessionPhase.TRAINING: "primary",
    SessionPhase.EVALUATING: "primary",
    SessionPhase.PAUSED: "warning",
    SessionPhase.PAUSING: "warning",
    SessionPhase.STOPPING: "warning",
    SessionPhase.STOPPED: "warning",
    SessionPhase.FINISHED: "success",
    SessionPhase.FAILED: "error",
}
_PHASES = {
    RunStatus.TRAINING: SessionPhase.TRAINING,
    RunStatus.EVALUATING: SessionPhase.EVALUATING,
    RunStatus.PAUSED: SessionPhase.PAUSED,
    RunStatus.STOPPED: SessionPhase.STOPPED,
    RunStatus.FINISHED: SessionPhase.FINISHED,
    RunStatus.FAILED: SessionPhase.FAILED,
}


def _waiting_phase(waiting: DataProgress | Preparing) -> SessionPhase:
    if isinstance(waiting, DataProgress):
        return SessionPhase.FETCHING
    is_building = waiting.what.startswith(SessionPhase.BUILDING.value)
    return SessionPhase.BUILDING if is_building else SessionPhase.COMPILING


class Session:
    """At most one training at a time; the finished one stays until the next begins."""

    def __init__(self, listener: MessagePump) -> None:
        self._listener = listener
        self.training: TrainingThread | None = None
        self.job: Job | None = None
        self.history = RunHistory()
        self.waiting: DataProgress | Preparing | None = None
        """What training waits for, other than torch; None for nothing."""
        self.phase = SessionPhase.IDLE
        self.failed: RunFailed | None = None
        self.has_begun = False
        """Whether this training has started its run, and so has something to save."""
        self.generation = 0
        """Counts the trainings, so that a screen knows when it has to draw another one."""

    def begin(self, job: Job, before: RunHistory | None = None) -> None:
        """Start a training. A resumed run has its folder as the job's `query`, and its history so far as `before`."""
        assert not self.phase.is_busy
        self.job, self.history = job, before or RunHistory()
        self.phase, self.waiting, self.failed, self.has_begun = SessionPhase.LOADING, None, None, False
        self.generation += 1
        self.training = TrainingThread(job, self._listener)
        self.training.start()

    def apply(self, events: list[Event]) -> None:
        """Apply events from the thread."""
        for event in events:
            self.waiting = event if isinstance(event, (DataProgress, Preparing)) else None
            self.has_begun = self.has_begun or isinstance(event, RunStarted)
            self.history.apply(self._with_log(event) if isinstance(event, RunFailed) else event)
        if self.waiting is not None:
            self._move_to(_waiting_phase(self.waiting))
        elif self.has_begun:
            self._move_to(_PHASES[self.history.status])

    def end(self, result: ThreadResult) -> None:
        """The thread has ended."""
        self.waiting = None
        if result.interrupted:
            # As it was before; a run that had been killed is shown as stopped.
            self.failed = self.history.failed
            self.phase = (
                SessionPhase.IDLE
                if self.history.started is None
                else _PHASES.get(self.history.status, SessionPhase.STOPPED)
            )
        elif result.failed is not None:
            self._fail(result.failed)
        elif self.history.status.is_open or self.history.status not in _PHASES:
            self._fail(RunFailed(error="RuntimeError", message="training ended without a result"))
        else:
            self.failed = self.history.failed
            self.phase = _PHASES[self.history.status]

    @property
    def run(self) -> Run | None:
        """The run of this session; None before it has a folder."""
        if self.job is None or self.history.started is None:
            return None
        if isinstance(self.job, ResumedRun):
            return Run(Path(self.job.query))
        return Run(self.job.folders.runs / self.history.started.run)

    def snapshot(self) -> Snapshot | None:
        """A copy of the network of this session as it was a moment ago; None before there is one.

        Never waits. Each call makes the training copy it again, a few times per second, so call it only while showing
        it: a screen does so in `draw`, which is called right after there is a newer copy.
        """
        return None if self.training is None else self.training.control.snapshots.latest()

    def pause(self) -> None:
        """Pause, with a checkpoint, at the end of the running step."""
        if self.training is not None and self.phase in (SessionPhase.TRAINING, SessionPhase.EVALUATING):
            self.training.control.pause()
            self.phase = SessionPhase.PAUSING

    def resume(self) -> None:
        """Continue after a pause."""
        if self.training is not None and self.phase in (SessionPhase.PAUSED, SessionPhase.PAUSING):
            self.training.control.resume()
            self.phase = SessionPhase.TRAINING

    def stop(self, reason: str = "stopped from the dashboard") -> None:
        """Stop, with a checkpoint."""
        if self.training is not None and self.phase.is_busy:
            self.training.control.stop(reason)
            self.phase = SessionPhase.STOPPING

    def resume_job(self) -> ResumedRun | None:
        """The job that continues the run that was stopped or failed here; None where there is none."""
        if self.phase.is_busy or self.phase is SessionPhase.FINISHED:
            return None
        return self._job_of_run()

    def extension_job(self) -> ResumedRun | None:
        """The job that gives the finished run one more epoch."""
        return self._job_of_run(more_epochs=1) if self.phase is SessionPhase.FINISHED else None

    def _job_of_run(self, more_epochs: int = 0) -> ResumedRun | None:
        if self.job is None or self.run is None:
            return None
        return ResumedRun(str(self.run.folder), self.job.folders, more_epochs)

    def _fail(self, failed: RunFailed) -> None:
        """Also in the history, where the run's own events do not tell of it, so that the run is drawn as failed."""
        self.phase, self.failed = SessionPhase.FAILED, self._with_log(failed)
        if self.history.started is not None:
            self.history.apply(self.failed)

    def _with_log(self, failed: RunFailed) -> RunFailed:
        if self.run is None:
            return failed
        return dataclasses.replace(failed, remedy=f"{failed.remedy} The log is {self.run.log_file}.".strip())

    def _move_to(self, phase: SessionPhase) -> None:
        # What the user asked for is shown until the thread has done it.
        if self.phase is SessionPhase.STOPPING and phase.is_busy:
            return
        if self.phase is SessionPhase.PAUSING and phase in (SessionPhase.TRAINING, SessionPhase.EVALUATING):
            return
        self.phase = phase
