"""Verifying that a run's files are those it started with, because a resume must give exactly the same weights.

A checkpoint records its config and its teacher. One of an earlier version does not, and before the first one there is
none: then the config in the log and the teacher's checksum in the run's record are used.
"""

from __future__ import annotations

import hashlib
import reprlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mnist_tui.config import TrainConfig
from mnist_tui.errors import RunError
from mnist_tui.runs import folder_layout
from mnist_tui.runs.history import RunHistory
from mnist_tui.runs.record import RunRecord
from mnist_tui.runs.run import Run
from mnist_tui.system import regular_file

ORIGIN_KEY = "run"
"""The key of `origin` in a checkpoint."""

CHANGEABLE = ("extra_epochs", "threads", "backend")
"""The settings that a resume may change."""


def origin(config: TrainConfig, teacher: str) -> dict[str, Any]:
    """What a checkpoint records about its run; `teacher` is the checksum of its teacher's weights, "" without one."""
    return {"config": decisive_settings(config), "teacher_sha256": teacher}


def decisive_settings(config: TrainConfig) -> dict[str, Any]:
    """The settings that determine the weights of a run after each epoch."""
    return {name: value for name, value in config.to_dict().items() if name not in CHANGEABLE}


def read_weights(path: Path) -> bytes:
    """The bytes of a file of weights. Raises RunError if it cannot be read."""
    try:
        return regular_file.read_bytes(path, folder_layout.LARGEST_WEIGHTS)
    except OSError as error:
        raise folder_layout.unreadable_error(path, error) from error


def sha256_of(path: Path) -> str:
    """The file's SHA-256. Raises RunError if it cannot be read."""
    try:
        with regular_file.open_to_read(path, folder_layout.LARGEST_WEIGHTS) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise folder_layout.unreadable_error(path, error) from error


def verify(
    run: Run, record: RunRecord, config: TrainConfig, state: Mapping[str, Any] | None, history: RunHistory
) -> str:
    """The checksum of the teacher's weights, "" without one. `state` is the checkpoint's, or None without one.

    Raises RunError naming the file that has been changed.
    """
    stored, where = (state or {}).get(ORIGIN_KEY), run.checkpoint_file
    if not isinstance(stored, Mapping):
        started, where = history.started, run.log_file
        sha256 = record.teacher.sha256 if record.teacher else ""
        stored = {"config": started.config if started else {}, "teacher_sha256": sha256}
    _check_config(run, config, stored.get("config"), where)
    if not config.teacher:
        return ""
    found = sha256_of(run.teacher_file)
    if stored.get("teacher_sha256") not in (found, ""):
        raise RunError(
            f"{run.teacher_file} is damaged: it is not what run {run.name} has learned from so far",
            remedy="Replace it with an undamaged copy, or start a new run.",
        )
    return found


def describe_gaps(run: Run, history: RunHistory, epochs: int, steps: int) -> str:
    """A sentence on what the log lacks of the `epochs` and `steps` before a checkpoint; "" if it is complete."""
    lost = [number for number in range(1, epochs + 1) if number not in history.epochs]
    if lost:
        which = f"epoch {lost[0]}" if len(lost) == 1 else f"{len(lost)} epochs, {lost[0]} to {lost[-1]},"
        return f"the log lacks {which} from before the checkpoint; the weights are not affected"
    # A log with the checkpoint's own line reaches far enough, and its batch losses need not be read.
    is_recorded = history.checkpoint is not None and history.checkpoint.step == steps
    if not is_recorded and len(run.history().batch_losses) < steps:
        return "the log lacks batch losses from before the checkpoint; the weights are not affected"
    return ""


def _check_config(run: Run, config: TrainConfig, known: Any, where: Path) -> None:
    known = known if isinstance(known, Mapping) else {}
    for name, value in decisive_settings(config).items():
        # A setting that is newer than the checkpoint had its default value.
        if name not in known or (isinstance(known[name], (str, int, float)) and value == known[name]):
            continue
        raise RunError(
            f"{run.config_file} and {where.name} do not match: {name} is {_format_value(value)} in one and "
            f"{_format_value(known[name])} in the other",
            remedy="Restore the one that was changed, or start a new run.",
        )


def _format_value(value: Any) -> str:
    return value if isinstance(value, str) and len(value) < 100 else reprlib.repr(value)
