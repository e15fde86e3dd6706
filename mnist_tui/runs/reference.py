"""The run that another one is compared with while it trains: a pinned one, or the best finished run of its kind."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from mnist_tui.errors import RunError
from mnist_tui.runs import Run, RunRecord
from mnist_tui.runs.find import is_run, list_folders
from mnist_tui.runs.history import RunHistory, RunStatus


@dataclass(frozen=True)
class Reference:
    """A run to compare with, as it was when it was read."""

    name: str
    history: RunHistory
    """With the losses of its batches."""
    is_pinned: bool = False
    """Whether the user chose it; otherwise it is the best one."""


def read_reference(runs_dir: Path, record: RunRecord, *, pinned: Run | None = None) -> Reference | None:
    """What to compare the run of `record` with: `pinned`, or the best finished run of its dataset and epochs.

    None if there is none, if it has no finished epoch, and for a run that would be compared with itself. Reads logs,
    which may take a while: not for a screen's thread.
    """
    run = pinned or find_best(runs_dir, record)
    if run is None or run.name == record.run:
        return None
    with contextlib.suppress(RunError):
        history = run.history()
        return Reference(run.name, history, is_pinned=pinned is not None) if history.epochs else None
    return None


def find_best(runs_dir: Path, record: RunRecord) -> Run | None:
    """The finished run with the best test accuracy among those that trained as many epochs on the same dataset."""
    found: list[tuple[float, str, Run]] = []
    for folder in _folders(runs_dir):
        run = Run(folder)
        # A damaged run is compared with nothing.
        with contextlib.suppress(RunError):
            if run.name != record.run and _is_comparable(run.record(), record):
                history = run.history(progress=False)
                if history.status is RunStatus.FINISHED and (best := history.best) is not None:
                    found.append((best.test_accuracy, run.name, run))
    return max(found, key=lambda entry: entry[:2])[2] if found else None


def _folders(runs_dir: Path) -> list[Path]:
    try:
        return [folder for folder in list_folders(runs_dir) if is_run(folder)]
    except RunError:
        return []


def _is_comparable(one: RunRecord, other: RunRecord) -> bool:
    return one.data.name == other.data.name and one.count("epochs") == other.count("epochs")
