"""Leftovers of killed processes beside the runs: hidden folders of runs that were being created or deleted."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

from mnist_tui.runs import folder_layout

_ABANDONED_SECONDS = 3600.0  # after which a run that is still being created was left by a kill

# Names that the two functions below return: the user may have hidden folders here as well.
_MAKING = re.compile(r"\.new-[0-9a-f]{32}")
_DELETED = re.compile(r"\.deleted-\d+-.+", re.DOTALL)


def hidden_folder_for_new_run(runs_dir: Path) -> Path:
    """The folder in which a new run is created until it is complete."""
    return runs_dir / f".new-{uuid4().hex}"


def hidden_folder_for_deletion(folder: Path) -> Path:
    """The folder that a run is renamed to before it is deleted file by file."""
    return folder.with_name(f".deleted-{os.getpid()}-{folder.name}")


def remove_leftovers(runs_dir: Path) -> None:
    """Remove what killed processes left of runs that they were creating or deleting, and no other hidden folders."""
    with contextlib.suppress(OSError):
        for folder in list(_find_leftovers(runs_dir)):
            shutil.rmtree(folder, ignore_errors=True)


def _find_leftovers(runs_dir: Path) -> Iterator[Path]:
    with os.scandir(runs_dir) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                if _is_leftover(entry) and not folder_layout.find_foreign_entries(Path(entry.path)):
                    yield Path(entry.path)


def _is_leftover(entry: os.DirEntry[str]) -> bool:
    if not entry.is_dir(follow_symlinks=False):
        return False
    if _DELETED.fullmatch(entry.name):
        return True
    age = time.time() - entry.stat(follow_symlinks=False).st_mtime
    return _MAKING.fullmatch(entry.name) is not None and age > _ABANDONED_SECONDS
