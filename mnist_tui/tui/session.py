"""What the dashboard is busy with: one training, its story so far, and how it stands. No widgets."""

from __future__ import annotations

from enum import StrEnum

from textual.message_pump import MessagePump

from mnist_tui.events import DataProgress, Event, RunFailed
from mnist_tui.history import RunHistory, RunStatus
from mnist_tui.jobs import Job, ResumedRun
from mnist_tui.tui.bridge import Ending, Training


class Phase(StrEnum):
    """The dashboard's own states; the words people read."""

    IDLE = "ready"
    LOADING = "loading torch"
    FETCHING = "getting data"
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
        return self not in (Phase.IDLE, Phase.STOPPED, Phase.FINISHED, Phase.FAILED)

    @property
    def colour(self) -> str:
        """The theme's name for it."""
        return _COLOURS.get(self, "accent" if self.is_busy else "text-muted")


_COLOURS = {
    Phase.TRAINING: "success",
    Phase.EVALUATING: "success",
    Phase.PAUSED: "warning",
    Phase.PAUSING: "warning",
    Phase.STOPPING: "warning",
    Phase.STOPPED: "warning",
    Phase.FINISHED: "primary",
    Phase.FAILED: "error",
}
_OF_STATUS = {
    RunStatus.TRAINING: Phase.TRAINING,
    RunStatus.EVALUATING: Phase.EVALUATING,
    RunStatus.PAUSED: Phase.PAUSED,
    RunStatus.STOPPED: Phase.STOPPED,
    RunStatus.FINISHED: Phase.FINISHED,
    RunStatus.FAILED: Phase.FAILED,
}


class Session:
    """At most one training at a time; the finished one stays until the next begins."""

    def __init__(self, listener: MessagePump) -> None:
        self._listener = listener
        self.training: Training | None = None
        self.job: Job | None = None
        self.history = RunHistory()
        self.data: DataProgress | None = None
        self.phase = Phase.IDLE
        self.failed: RunFailed | None = None
        self.generation = 0
        """Counts the trainings begun, so that a screen knows when it has to draw another one."""

    def begin(self, job: Job, before: RunHistory | None = None) -> None:
        """Start a training; `before` is what the run's log tells already when it is resumed."""
        assert not self.phase.is_busy
        self.job, self.history = job, before or RunHistory()
        self.phase, self.data, self.failed = Phase.LOADING, None, None
        self.generation += 1
        self.training = Training(job, self._listener)
        self.training.start()

    def apply(self, events: list[Event]) -> None:
        """Take in what the worker told."""
        for event in events:
            self.data = event if isinstance(event, DataProgress) else None
            self.history.apply(event)
        if self.data is not None:
            self._move_to(Phase.FETCHING)
        elif self.history.status in _OF_STATUS and self.history.started is not None:
            self._move_to(_OF_STATUS[self.history.status])

    def end(self, ending: Ending) -> None:
        """The worker is done."""
        if ending.failed is not None:
            self.failed, self.phase = ending.failed, Phase.FAILED
        elif ending.interrupted:
            self.phase = Phase.IDLE if self.history.started is None else Phase.STOPPED
        else:
            self.failed = self.history.failed
            self.phase = _OF_STATUS[self.history.status]

    def pause(self) -> None:
        """Pause, with a checkpoint, at the end of the running step."""
        if self.training is not None and self.phase in (Phase.TRAINING, Phase.EVALUATING):
            self.training.control.pause()
            self.phase = Phase.PAUSING

    def resume(self) -> None:
        """Go on after a pause."""
        if self.training is not None and self.phase in (Phase.PAUSED, Phase.PAUSING):
            self.training.control.resume()
            self.phase = Phase.TRAINING

    def stop(self, reason: str = "stopped in the dashboard") -> None:
        """Stop, keeping everything."""
        if self.training is not None and self.phase.is_busy:
            self.training.control.stop(reason)
            self.phase = Phase.STOPPING

    def resumable(self) -> ResumedRun | None:
        """The job that goes on with the run that was stopped or failed here; None where there is none."""
        if (
            self.phase.is_busy
            or self.history.started is None
            or self.job is None
            or self.phase is Phase.FINISHED
        ):
            return None
        return ResumedRun(self.history.started.run, self.job.folders)

    def extended(self) -> ResumedRun | None:
        """The job that gives the finished run one more epoch."""
        if self.phase is not Phase.FINISHED or self.history.started is None or self.job is None:
            return None
        return ResumedRun(self.history.started.run, self.job.folders, more_epochs=1)

    def _move_to(self, phase: Phase) -> None:
        # What was asked for stays on the screen until the worker answers it.
        if self.phase is Phase.STOPPING and phase.is_busy:
            return
        if self.phase is Phase.PAUSING and phase in (Phase.TRAINING, Phase.EVALUATING):
            return
        self.phase = phase
