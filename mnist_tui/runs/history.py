"""`RunHistory`: the state of a run, folded from its events; every view is drawn from it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from mnist_tui.events import (
    CheckpointSaved,
    EpochFinished,
    EpochStarted,
    Event,
    Notice,
    Progress,
    RunFailed,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
    RunStopped,
    WeightsMoved,
)
from mnist_tui.runs.record import RunRecord
from mnist_tui.runs.running_accuracy import RunningAccuracy


class RunStatus(StrEnum):
    """The state of a run according to its log."""

    EMPTY = "empty"
    TRAINING = "training"
    EVALUATING = "evaluating"
    PAUSED = "paused"
    STOPPED = "stopped"
    FINISHED = "finished"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    """The log ends in the middle and no process is writing it: killed, or a power cut."""

    @property
    def is_open(self) -> bool:
        """Whether the log says that training goes on."""
        return self in (RunStatus.TRAINING, RunStatus.EVALUATING, RunStatus.PAUSED)


# From this part of an epoch on, or after so many steps and seconds, its speed says something: the first step is slow.
_SETTLED_SHARE, _SETTLED_STEPS, _SETTLED_SECONDS = 0.03, 10, 2.0


@dataclass(frozen=True)
class TimeLeft:
    """Estimates in seconds."""

    epoch: float
    run: float


@dataclass
class RunHistory:
    """The state of a run: `apply` takes its events one by one, live or from a log.

    After a resume the log repeats what the checkpoint did not have yet; here each epoch and step is kept once.
    """

    started: RunStarted | None = None
    record: RunRecord | None = None
    """What the log says of the run as it was started last."""
    status: RunStatus = RunStatus.EMPTY
    epochs: dict[int, EpochFinished] = field(default_factory=dict)
    batch_losses: list[float] = field(default_factory=list)
    """One for each step of the run, in order."""
    weight_updates: list[WeightsMoved] = field(default_factory=list)
    """How far single steps moved each layer's weights, in order."""
    running: RunningAccuracy = field(default_factory=RunningAccuracy, compare=False)
    """The accuracy on the training images in the course of each epoch."""
    seconds: float = 0.0
    """Of all finished epochs; kept up to date, as the time left is computed at every event."""
    steps: int = 0
    """Of one epoch; 0 while unknown. A Progress has it only in training, not in evaluation."""
    progress: Progress | None = None
    checkpoint: CheckpointSaved | None = None
    notices: list[Notice] = field(default_factory=list)
    finished: RunFinished | None = None
    failed: RunFailed | None = None
    stopped: RunStopped | None = None

    def apply(self, event: Event) -> None:
        match event:
            case RunStarted():
                self._start(event)
            case EpochStarted():
                self.status, self.steps = RunStatus.TRAINING, event.steps
            case Progress():
                self._progress(event)
            case WeightsMoved():
                self.weight_updates.append(event)
            case EpochFinished():
                self._finish_epoch(event)
            case CheckpointSaved():
                self.checkpoint = event
            case RunPaused():
                self.status = RunStatus.PAUSED
            case RunResumed():
                self.status = RunStatus.TRAINING
            case Notice():
                self.notices.append(event)
            case RunStopped():
                self.stopped, self.status = event, RunStatus.STOPPED
            case RunFinished():
                self.finished, self.status = event, RunStatus.FINISHED
            case RunFailed():
                self.failed, self.status = event, RunStatus.FAILED

    @property
    def rows(self) -> list[EpochFinished]:
        """The finished epochs, in order."""
        return [self.epochs[epoch] for epoch in sorted(self.epochs)]

    @property
    def best(self) -> EpochFinished | None:
        """The best epoch so far: the last that was better than all before it."""
        return next((row for row in reversed(self.rows) if row.best), None)

    @property
    def last(self) -> EpochFinished | None:
        return self.rows[-1] if self.epochs else None

    def time_left(self) -> TimeLeft | None:
        """Seconds to the end of the epoch and of the run at the speed so far; None while it is unknown.

        So it is in the first steps of a run; those of a later epoch are expected to go on as the epochs before.
        """
        now = self.progress
        batch = (self.record.count("batch_size") if self.record else None) or 1
        if now is None or not now.images_per_second > 0 or not now.steps:
            return None
        in_training = now.phase == "training"
        training = (now.steps if in_training else self.steps) * batch / now.images_per_second
        # The finished epochs include what an epoch takes besides its steps.
        whole = self.seconds / len(self.epochs) if self.epochs else training
        share = now.step / now.steps
        has_run = now.step >= _SETTLED_STEPS and share * training >= _SETTLED_SECONDS
        is_settled = not in_training or has_run or share >= _SETTLED_SHARE
        if not is_settled and not self.epochs:
            return None
        left = (training if is_settled else whole) * (1 - share) if in_training else 0.0
        return TimeLeft(left, left + (now.epochs - now.epoch) * whole)

    def _start(self, event: RunStarted) -> None:
        """A new run, or one that continues from a checkpoint: drop what came after that."""
        self.started, self.record = event, RunRecord.from_event(event)
        self.status = RunStatus.TRAINING
        self.stopped = self.failed = self.progress = None
        self.epochs = {number: row for number, row in self.epochs.items() if number <= event.resumed_epoch}
        self._sum_seconds()
        del self.batch_losses[event.resumed_step :]
        self.running.take_back(event.resumed_epoch, event.resumed_step / self.steps if self.steps else None)
        self.weight_updates = [moved for moved in self.weight_updates if moved.step <= event.resumed_step]

    def _finish_epoch(self, event: EpochFinished) -> None:
        is_new = event.epoch not in self.epochs
        self.epochs[event.epoch], self.progress = event, None
        if is_new:
            self.seconds += event.seconds
        else:
            self._sum_seconds()

    def _sum_seconds(self) -> None:
        self.seconds = sum(row.seconds for row in self.epochs.values())

    def _progress(self, event: Progress) -> None:
        self.progress = event
        self.status = RunStatus.TRAINING if event.phase == "training" else RunStatus.EVALUATING
        self.batch_losses.extend(event.batch_losses)
        if event.phase == "training":
            self.running.add(event.epoch, event.step / max(event.steps, 1), event.accuracy)


def fold(events: Iterable[Event]) -> RunHistory:
    """The state after these events."""
    history = RunHistory()
    for event in events:
        history.apply(event)
    return history


def trend(values: list[float]) -> str:
    """The direction of a series in words: fell or rose every epoch, or how often it did either."""
    if len(values) < 2:
        return "one epoch only"
    rises = sum(later > earlier for earlier, later in itertools.pairwise(values))
    falls = sum(later < earlier for earlier, later in itertools.pairwise(values))
    steps = len(values) - 1
    if falls == steps:
        return "fell every epoch"
    if rises == steps:
        return "rose every epoch"
    return f"rose {rises}, fell {falls} times"
