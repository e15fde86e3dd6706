"""What a run may be named, and the files that its folder may contain: any others belong to the user."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from mnist_tui.errors import RunError
from mnist_tui.system import atomic_file, regular_file

LATEST = "latest"
"""The name by which `find` finds the newest run."""

SWEEPS = "sweeps"
"""The folder beside the runs in which sweeps keep their plans; no run can have this name."""

_NAME = re.compile(r"[^\W_][\w.+ -]*")
_LONGEST = 120  # bytes; a file's name may have 255, and numbers and temporary names are made of it

CONFIG, LOG, CHECKPOINT = "config.json", "events.jsonl", "last.ckpt"
WEIGHTS, TEACHER = "best.safetensors", "teacher.safetensors"
FILES = (CONFIG, LOG, CHECKPOINT, WEIGHTS, TEACHER)
LOCK = ".lock"
SOURCES = {"model": "source", "teacher": "teacher-source"}
"""Folders with the networks' own code; any regular files below them that are not hidden belong to the run."""

_DEEPEST = 20
"""The deepest nesting of source folders; no run creates deeper ones."""

LARGEST_RECORD = 4 * 2**20
"""Bytes of a `config.json`. A layer takes about 500, the rest 3,000."""

LARGEST_WEIGHTS = 4 * 2**30
"""Bytes of a teacher's weights, which are copied and hashed: a billion numbers."""


def check_name(name: str) -> None:
    """Raise RunError for what cannot be a run's name."""
    if not _NAME.fullmatch(name) or len(name.encode()) > _LONGEST or name in (LATEST, SWEEPS):
        raise RunError(
            f"{name!r} cannot be a run's name",
            remedy=f"Use up to {_LONGEST} letters, digits, spaces and . _ + - only, starting with a letter "
            f"or digit; {LATEST!r} is the newest run's other name, {SWEEPS!r} the folder of the sweeps.",
        )


def unreadable_error(path: Path, error: OSError) -> RunError:
    """The error for a file of a run that cannot be read, with a remedy."""
    return RunError(f"{path} cannot be read: {error.strerror or error}", remedy=regular_file.remedy_for_error(error))


def find_foreign_entries(folder: Path) -> list[str]:
    """The names of entries in `folder` that do not belong to a run. Raises OSError if it cannot be read."""
    return sorted(_scan_foreign_entries(folder))


def find_temporary_files(folder: Path) -> list[Path]:
    """The temporary files that a killed process left in a run's folder."""
    with os.scandir(folder) as entries:
        return [Path(entry.path) for entry in entries if _is_temporary_file(entry, FILES)]


def _scan_foreign_entries(folder: Path) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name in SOURCES.values() and entry.is_dir(follow_symlinks=False):
                below = _scan_foreign_sources(Path(entry.path), _DEEPEST)
                yield from (f"{entry.name}/{name}" for name in below)
            # Anything under the name of a run's own file, even a link or a pipe, may be deleted with the run.
            elif entry.is_dir(follow_symlinks=False) or not (
                entry.name == LOCK or entry.name in FILES or _is_temporary_file(entry, FILES)
            ):
                yield entry.name


def _scan_foreign_sources(folder: Path, depth: int) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if _is_temporary_file(entry):
                continue
            if entry.name.startswith("."):
                yield entry.name
            elif entry.is_dir(follow_symlinks=False) and depth:
                below = _scan_foreign_sources(Path(entry.path), depth - 1)
                yield from (f"{entry.name}/{name}" for name in below)
            elif not entry.is_file(follow_symlinks=False):
                yield entry.name


def _is_temporary_file(entry: os.DirEntry[str], names: tuple[str, ...] = ()) -> bool:
    """Whether it is a temporary file of `atomic_file` for one of `names`, or for any name if there are none."""
    match = atomic_file.TEMPORARY_NAME.fullmatch(entry.name)
    return (
        match is not None
        and (not names or match["name"] in names)
        and stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode)
    )
