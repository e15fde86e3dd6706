"""What a killed process leaves beside the runs: half-made and half-deleted ones, out of sight."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from pathlib import Path
from uuid import uuid4

_DELETED = ".deleted-"
_MAKING = ".new-"
_ABANDONED_SECONDS = 3600.0  # after which a run that is still in the making was left so by a kill


def hidden_for_making(runs_dir: Path) -> Path:
    """Where a new run is made, until it is whole."""
    return runs_dir / f"{_MAKING}{uuid4().hex}"


def hidden_for_deleting(folder: Path) -> Path:
    """Where a run goes, to be deleted file by file."""
    return folder.with_name(f"{_DELETED}{os.getpid()}-{folder.name}")


def sweep(runs_dir: Path) -> None:
    """Remove what a killed process left of a run that it was deleting, or making."""
    for leftover in runs_dir.glob(f"{_DELETED}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    for leftover in runs_dir.glob(f"{_MAKING}*"):
        with contextlib.suppress(OSError):
            if time.time() - leftover.stat().st_mtime > _ABANDONED_SECONDS:
                shutil.rmtree(leftover)
