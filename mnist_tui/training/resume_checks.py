"""Whether a run can be resumed, and what may differ from a run that was never interrupted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mnist_tui.config import TrainConfig
from mnist_tui.data.types import Dataset
from mnist_tui.errors import RunError
from mnist_tui.events import Notice
from mnist_tui.runs import Run, RunRecord, integrity
from mnist_tui.runs.history import RunHistory, RunStatus
from mnist_tui.training import checkpoint, hardware
from mnist_tui.training.trainer import Trainer


def read_config(run: Run, record: RunRecord, history: RunHistory, more_epochs: int) -> TrainConfig:
    """The run's config. Raises RunError if the run is finished and gets no more epochs, or cannot be read."""
    if not more_epochs and history.status is RunStatus.FINISHED:
        raise RunError(
            f"run {run.name} is finished: nothing is left to resume",
            remedy="Give it --more-epochs N, or start a new run.",
        )
    return record.train_config()


def check_data(run: Run, record: RunRecord, data: Dataset) -> None:
    """Raise RunError if the dataset has changed since the run started."""
    if record.data.fingerprint != data.fingerprint:
        raise RunError(
            f"the dataset {data.name} is not the one that run {run.name} began with",
            remedy="Point --data-dir at that data, or start a new run.",
        )


def restore_checkpoint(trainer: Trainer, run: Run, state: dict[str, Any]) -> None:
    """Load the run's checkpoint into `trainer`. Raises RunError if it does not fit."""
    try:
        checkpoint.check_structure(state, trainer.state())
        trainer.load_state(state)
    except (KeyError, RuntimeError, TypeError, ValueError, AttributeError) as error:
        raise RunError(
            f"{run.checkpoint_file} does not fit this run: {type(error).__name__}: {error}",
            remedy="Start a new run.",
        ) from error


def find_changes(record: RunRecord, before: TrainConfig, trainer: Trainer) -> Iterator[Notice]:
    """A notice for each reason why the resumed run may not end with the weights it would have had.

    `record` and `before` are the run's record and config so far.
    """
    but = "the weights may differ in the last bits"
    if record.versions != hardware.versions():
        yield Notice(message=f"other versions of torch or mnist-tui than before: {but}", topic="machine")
    used, now = record.machine.backend, trainer.backend.name
    if used and used != now:
        yield Notice(message=f"trained by {used} so far, by {now} from here on: {but}", topic="backend")
    threads = trainer.config.threads
    if threads != before.threads and not trainer.backend.exact_on_any_threads:
        message = f"trained with --threads {before.threads} so far, with {threads} from here on: {but}"
        yield Notice(message=message, topic="machine")


def find_log_gaps(run: Run, history: RunHistory, trainer: Trainer) -> Iterator[Notice]:
    """A notice if the log has been shortened: the run can be finished, but its history is incomplete."""
    message = integrity.describe_gaps(run, history, trainer.position.epoch - 1, trainer.steps_done)
    if message and message not in (notice.message for notice in history.notices):
        yield Notice(message=message)
