"""What a run's folder may hold. Whatever else is in it is somebody's, and is neither removed nor read."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from mnist_tui import atomic

CONFIG, LOG, CHECKPOINT, WEIGHTS, TEACHER = (
    "config.json",
    "events.jsonl",
    "last.ckpt",
    "best.safetensors",
    "teacher.safetensors",
)
FILES = (CONFIG, LOG, CHECKPOINT, WEIGHTS, TEACHER)
LOCK = ".lock"
SOURCE = "source"
"""A folder with the network's own code; any regular files below it that are not hidden belong to the run."""

LARGEST_RECORD = 4 * 2**20
"""Bytes of a `config.json`. A layer takes about 500, and other settings 3,000."""


def strangers(folder: Path) -> list[str]:
    """The names of what is in `folder` and belongs to no run. Raises OSError where it cannot be looked at."""
    return sorted(_strangers(folder))


def unfinished(folder: Path) -> list[Path]:
    """What a killed process left half written in a run's folder."""
    with os.scandir(folder) as entries:
        return [Path(entry.path) for entry in entries if _is_unfinished(entry, FILES)]


def _strangers(folder: Path) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name == SOURCE and entry.is_dir(follow_symlinks=False):
                yield from (f"{SOURCE}/{name}" for name in _strangers_to_source(Path(entry.path)))
            # What stands in the place of a file of its own, be it a link or a pipe, may go with the run.
            elif entry.is_dir(follow_symlinks=False) or not (
                entry.name == LOCK or entry.name in FILES or _is_unfinished(entry, FILES)
            ):
                yield entry.name


def _strangers_to_source(folder: Path) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if _is_unfinished(entry):
                continue
            if entry.name.startswith("."):
                yield entry.name
            elif entry.is_dir(follow_symlinks=False):
                yield from (f"{entry.name}/{name}" for name in _strangers_to_source(Path(entry.path)))
            elif not entry.is_file(follow_symlinks=False):
                yield entry.name


def _is_unfinished(entry: os.DirEntry[str], names: tuple[str, ...] = ()) -> bool:
    """Whether it is a file that `atomic` was writing: one of `names`, or of any name where there are none."""
    match = atomic.TEMPORARY_NAME.fullmatch(entry.name)
    return (
        match is not None
        and (not names or match["name"] in names)
        and stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode)
    )
