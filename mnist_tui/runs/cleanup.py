"""What a killed process leaves beside the runs: half-made and half-deleted ones, out of sight."""

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

_ABANDONED_SECONDS = 3600.0  # after which a run that is still in the making was left so by a kill

# Names as the two functions below create them: the user may have hidden folders here as well.
_MAKING = re.compile(r"\.new-[0-9a-f]{32}")
_DELETED = re.compile(r"\.deleted-\d+-.+", re.DOTALL)


def hidden_folder_for_new_run(runs_dir: Path) -> Path:
    """Where a new run is made, until it is whole."""
    return runs_dir / f".new-{uuid4().hex}"


def hidden_folder_for_deletion(folder: Path) -> Path:
    """Where a run goes, to be deleted file by file."""
    return folder.with_name(f".deleted-{os.getpid()}-{folder.name}")


def remove_leftovers(runs_dir: Path) -> None:
    """Remove what a killed process left of a run that it was deleting or creating; no other hidden folders."""
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
