"""Creating a run: its folder appears whole or not at all."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import MappingProxyType

from mnist_tui.errors import RunError, explain_os_error
from mnist_tui.runs import cleanup, folder_layout
from mnist_tui.runs.config_diff import default_run_name
from mnist_tui.runs.find import is_run
from mnist_tui.runs.folder_layout import check_name
from mnist_tui.runs.record import RunRecord
from mnist_tui.runs.run import Run
from mnist_tui.system import atomic_file
from mnist_tui.system.file_lock import FileLock


def check_can_create(runs_dir: Path, name: str = "") -> None:
    """Raise RunError if `create` is bound to fail: an invalid or taken name, a folder that cannot be written."""
    if name:
        check_name(name)
        if _is_taken(runs_dir / name):
            raise _name_taken_error(runs_dir / name)
    there = next(folder for folder in (runs_dir, *runs_dir.absolute().parents) if os.path.lexists(folder))
    with explain_write_errors(runs_dir):
        atomic_file.check_folder_writable(there)


def create(
    runs_dir: Path,
    record: RunRecord,
    *,
    name: str = "",
    teacher: bytes | None = None,
    code: Mapping[Path, bytes] = MappingProxyType({}),
) -> Run:
    """Create a run's folder; the default name is that of `default_run_name`.

    `teacher` is the content of its `teacher_file`, `code` the networks' files by their paths in the run. The folder
    appears whole or not at all, even after a kill.
    """
    stem = name or default_run_name(record)
    check_name(stem)
    making = Run(cleanup.hidden_folder_for_new_run(runs_dir))
    try:
        with explain_write_errors(runs_dir):
            atomic_file.make_folder(runs_dir)
            cleanup.remove_leftovers(runs_dir)
            making.folder.mkdir()
            _check_locks(making)
            if teacher is not None:
                atomic_file.write_bytes(making.teacher_file, teacher)
            for path, content in code.items():
                atomic_file.make_folder((making.folder / path).parent)
                atomic_file.write_bytes(making.folder / path, content)
            atomic_file.write_text(making.config_file, record.to_json())
            run = _put_in_place(making, stem, numbered=not name)
            atomic_file.sync_folder(runs_dir)
    finally:
        shutil.rmtree(making.folder, ignore_errors=True)  # there is none unless something went wrong
    return run


def _check_locks(making: Run) -> None:
    """Raise OSError if locks are not supported, before there is a run that could not be written."""
    place = making.folder / folder_layout.LOCK
    with FileLock(place):
        place.unlink()


def _put_in_place(making: Run, stem: str, *, numbered: bool) -> Run:
    """Rename a new run to `stem`, or to `stem-2`, … where there are runs of that name."""
    for number in itertools.count(1):
        folder = making.folder.with_name(stem if number == 1 else f"{stem}-{number}")
        if not _is_taken(folder):
            try:
                return Run(making.folder.rename(folder))
            except OSError:
                if not _is_taken(folder):  # no other process was quicker
                    raise
        if not numbered:
            raise _name_taken_error(folder)
    raise AssertionError("numbers do not end")


def _is_taken(folder: Path) -> bool:
    """Whether the name is in use. An empty folder does not count: a rename replaces it."""
    if not os.path.lexists(folder):
        return False
    return folder.is_symlink() or not folder.is_dir() or any(folder.iterdir())


def _name_taken_error(folder: Path) -> RunError:
    if not is_run(folder):
        return RunError(f"there is {folder} already, which is no run", remedy="Choose another name.")
    name = folder.name
    return RunError(
        f"there is a run {name!r} already", remedy=f"Resume it with --resume {name}, or choose another name."
    )


def explain_write_errors(runs_dir: Path) -> AbstractContextManager[None]:
    """Turn an OSError within the context into a RunError that names the folder of the runs."""
    return explain_os_error(RunError, f"no run can be written in {runs_dir}", remedy="Choose another --runs-dir.")
