"""Recording a run while it is trained: its log, checkpoints and weights, and snapshots for viewers."""

from __future__ import annotations

import dataclasses
import errno
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from mnist_tui import runs
from mnist_tui.events import (
    FREQUENT,
    CheckpointSaved,
    EpochFinished,
    Event,
    Progress,
    Report,
    RunFailed,
    RunFinished,
    RunPaused,
    RunStarted,
    RunStopped,
)
from mnist_tui.runs import LogWriter, Run, integrity
from mnist_tui.system.timing import Throttle
from mnist_tui.training import checkpoint
from mnist_tui.training.snapshot import Snapshot
from mnist_tui.training.trainer import DivergedError, Trainer

# Between two snapshots within an epoch, at least.
SNAPSHOT_SECONDS = 0.25
# How much work a kill can cost at most, besides what is saved at the end of each epoch.
CHECKPOINT_SECONDS = 30.0

# After these the network stays as it is for a while, or a viewer may open.
_ALWAYS_SNAPSHOT = (RunStarted, EpochFinished, RunPaused, RunStopped, RunFinished)


@dataclass(frozen=True)
class RunResult:
    """A run and its last event, which says how it ended."""

    run: Run
    event: RunFinished | RunStopped | RunFailed


class RunRecorder:
    """Trains a run to its end: logs every event, then passes it to `report`, and writes checkpoints in between."""

    def __init__(
        self,
        trainer: Trainer,
        run: Run,
        writer: LogWriter,
        report: Report,
        origin: Mapping[str, Any],
        data_dir: Path,
    ) -> None:
        """`origin` is stored in each checkpoint to identify its run; `data_dir` is for the command that resumes it."""
        self._trainer, self._run, self._writer, self._report = trainer, run, writer, report
        self._origin, self._data_dir = origin, data_dir
        self._checkpoint_due = Throttle(CHECKPOINT_SECONDS)
        self._snapshot_due = Throttle(SNAPSHOT_SECONDS)

    def train(self, started: RunStarted, early: list[Event]) -> RunResult:
        """Train, with `started` and `early` as the first events."""
        for event in self._record_all(itertools.chain((started, *early), self._trainer.run())):
            self._publish_snapshot(event)
            # Outside the generator, so that a closed pipe or terminal is not taken for a full disk.
            self._report(event)
            last = event
        assert isinstance(last, (RunFinished, RunStopped, RunFailed))  # a trainer's last event is one of them
        return RunResult(self._run, last)

    def _publish_snapshot(self, event: Event) -> None:
        """Within an epoch only on request; at its turning points always, as a pause can be long."""
        slot = self._trainer.control.snapshots
        on_request = isinstance(event, Progress) and slot.is_requested and self._snapshot_due.is_due()
        if on_request or isinstance(event, _ALWAYS_SNAPSHOT):
            slot.publish(_take_snapshot(self._trainer, self._run))

    def _record_all(self, events: Iterator[Event]) -> Iterator[Event]:
        """Each event once it is on disk, and those that recording adds."""
        try:
            for event in events:
                yield from self._record(event)
        except Exception as error:
            yield self._log_failure(error)

    def _record(self, event: Event) -> Iterator[Event]:
        """Log one event, and write the files that belong to it before or after it."""
        if isinstance(event, RunStopped):
            yield self._save_checkpoint()  # first, so that the log ends with how the run ended
        yield self._log(event)
        if isinstance(event, EpochFinished) and event.best:
            self._save_weights(event)
        due = isinstance(event, Progress) and event.phase == "training" and self._checkpoint_due.is_due()
        if due or isinstance(event, (EpochFinished, RunPaused)):
            yield self._save_checkpoint()

    def _log(self, event: Event) -> Event:
        self._writer.append(event, durable=not isinstance(event, FREQUENT))
        return event

    def _save_checkpoint(self) -> Event:
        if not checkpoint.is_finite(self._trainer.train_state.model):
            raise DivergedError(
                "a weight is no longer a finite number: training has diverged",
                remedy="Try a smaller --lr. The checkpoint before this is kept.",
            )
        path, position = self._run.checkpoint_file, self._trainer.position
        self._writer.sync()  # a checkpoint must not be past batch losses that a power cut takes from the log
        checkpoint.save_state(path, {**self._trainer.state(), integrity.ORIGIN_KEY: self._origin})
        return self._log(CheckpointSaved(epoch=position.epoch, step=self._trainer.steps_done, path=str(path)))

    def _save_weights(self, row: EpochFinished) -> None:
        # Without paths, time and number of threads: the same weights must give the same file.
        config = {k: v for k, v in integrity.decisive_settings(self._trainer.config).items() if k != "teacher"}
        metrics = {"epoch": row.epoch, "test_accuracy": row.test_accuracy, "test_loss": row.test_loss}
        checkpoint.save_weights(
            self._run.weights_file,
            self._trainer.train_state.eval_model.state_dict(),
            {"config": config, "metrics": metrics},
        )

    def _log_failure(self, error: Exception) -> RunFailed:
        """Why recording ended: in the log if at all possible."""
        event = self._disk_failure(error) if isinstance(error, OSError) else RunFailed.from_error(error)
        try:
            self._writer.append(event)
        except OSError as second:
            message = f"{event.message} (nor could the log be written: {second.strerror})"
            return dataclasses.replace(event, message=message)
        return event

    def _disk_failure(self, error: OSError) -> RunFailed:
        return RunFailed(
            error="OSError",
            message=f"{error.filename or self._run.log_file} cannot be written: {error.strerror or error}",
            remedy=disk_remedy(error, self._run, self._data_dir),
        )


def disk_remedy(error: OSError, run: Run, data_dir: Path) -> str:
    """What to do after `error` in writing `run`, with the command that resumes it."""
    is_full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    action = "Free some space" if is_full else "Check the disk"
    return f"{action}, then: {runs.resume_command(run.folder, data_dir)}"


def _take_snapshot(trainer: Trainer, run: Run) -> Snapshot:
    position, steps = trainer.position, trainer.data.steps
    is_at_epoch_end = position.step == 0 and position.epoch > 1
    return Snapshot(
        run=run,
        config=trainer.config,
        weights=MappingProxyType(trainer.train_state.eval_weights()),
        epoch=position.epoch - is_at_epoch_end,
        step=steps if is_at_epoch_end else position.step,
        steps=steps,
        test_accuracy=position.test_accuracy if is_at_epoch_end else None,
    )
