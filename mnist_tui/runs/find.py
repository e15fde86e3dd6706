"""Finding runs in a folder: all of them, or the one that a name, prefix or path refers to; and commands that do so."""

from __future__ import annotations

import contextlib
import os
import shlex
import stat
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypeVar

from mnist_tui.errors import RunError
from mnist_tui.runs.folder_layout import LATEST
from mnist_tui.runs.history import RunStatus
from mnist_tui.runs.run import Run
from mnist_tui.system import paths


class _HasName(Protocol):
    @property
    def name(self) -> str: ...


_Named = TypeVar("_Named", bound=_HasName)


def list_runs(runs_dir: Path) -> list[Run]:
    """All runs in `runs_dir`, newest last. Raises RunError if the folder cannot be read."""
    found = [Run(folder) for folder in list_folders(runs_dir) if is_run(folder)]
    return sorted(found, key=lambda run: (_creation_time(run), run.name))


def list_with_weights(runs_dir: Path) -> list[Run]:
    """The runs whose network can be used, newest first."""
    return [run for run in reversed(list_runs(runs_dir)) if run.saved_weights is not None]


def find_network(runs_dir: Path, *, best_of: str = "") -> Run | None:
    """The newest finished run, or else the newest with a finished epoch, or else the newest with any weights.

    With `best_of`, only runs with a finished epoch of a model of that spec. Reads logs until it finds a finished run.
    """
    usable = [run for run in list_with_weights(runs_dir) if not best_of or _is_best_of(run, best_of)]
    with_epoch = [run for run in usable if run.saved_weights == "best"]
    finished = (run for run in with_epoch if _is_finished(run))
    return next(finished, next(iter(with_epoch or usable), None))


def _is_best_of(run: Run, spec: str) -> bool:
    with contextlib.suppress(RunError):
        return run.saved_weights == "best" and run.record().model.code.spec == spec
    return False


def _is_finished(run: Run) -> bool:
    with contextlib.suppress(RunError):
        return run.history(progress=False).status is RunStatus.FINISHED
    return False


def list_folders(runs_dir: Path) -> list[Path]:
    """All entries of `runs_dir` that are not hidden. Raises RunError if it cannot be read."""
    try:
        return [entry for entry in runs_dir.iterdir() if not entry.name.startswith(".")]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunError(f"{runs_dir} cannot be read: {error.strerror}", remedy="Choose another --runs-dir.") from error


def find(runs_dir: Path, query: str) -> Run:
    """The run with this name, unique prefix or path, or the newest for `latest`. Raises RunError if there is none."""
    if os.sep in query and is_run(path := paths.expand_user(query)):
        return Run(path.resolve())
    runs = list_runs(runs_dir)
    if run := find_by_name(runs, query, "runs"):
        return run
    known = f" The newest is {runs[-1].name}." if runs else ""
    raise RunError(
        f"there is no run {query!r} in {runs_dir}.{known}",
        remedy=f"See `{command('runs', 'list', runs_dir=runs_dir)}`.",
    )


def find_by_name(found: Sequence[_Named], query: str, kind: str) -> _Named | None:
    """The one with this name or unique prefix, or the last for `latest`; None if there is none.

    Raises RunError if several of this `kind` have the prefix.
    """
    if query == LATEST and found:
        return found[-1]
    matches = [one for one in found if one.name == query] or [
        one for one in found if query and one.name.startswith(query)
    ]
    if len(matches) > 1:
        names = ", ".join(one.name for one in matches[:5])
        raise RunError(f"{query!r} could mean {len(matches)} {kind}: {names}", remedy="Give more of the name.")
    return matches[0] if matches else None


def is_run(folder: Path) -> bool:
    """Whether `folder` has an entry named like a run's config. Any other problem is reported when it is read.

    A folder of another user, which cannot be looked into, is not a run.
    """
    try:
        return not stat.S_ISDIR(Run(folder).config_file.lstat().st_mode)
    except (OSError, ValueError):
        return False


def creation_time(created: str, config_file: Path) -> float:
    """When a run was created, in seconds since 1970; 0 if the recorded time `created` cannot be right.

    A time in the future, or after the file itself was written, is wrong: the clock of that machine was ahead, or the
    record was forged to be the newest.
    """
    try:
        seconds = datetime.fromisoformat(created).timestamp()
        seen = min(config_file.lstat().st_ctime, time.time())
    except (OSError, OverflowError, ValueError):
        return 0.0
    return seconds if seconds <= seen + _CLOCK_SECONDS else 0.0


# A file server's clock, which sets the files' times, may differ from this machine's.
_CLOCK_SECONDS = 60.0


def _creation_time(run: Run) -> float:
    try:
        return creation_time(run.record().created, run.config_file)
    except RunError:
        return 0.0


def command(*words: str, runs_dir: Path, data_dir: Path | None = None) -> str:
    """A command line of `mnist-tui` with `words` that works in the current folder, on these runs and this data."""
    typed = ["mnist-tui", *words]
    if data_dir is not None and not _is_same(data_dir, paths.data_dir()):
        typed += ["--data-dir", str(data_dir)]
    if not _is_same(runs_dir, paths.runs_dir()):
        typed += ["--runs-dir", str(runs_dir)]
    return shlex.join(typed)


def resume_command(run_folder: Path, data_dir: Path | None = None) -> str:
    """The command that resumes the run in this folder."""
    return command("train", "--resume", run_folder.name, runs_dir=run_folder.parent, data_dir=data_dir)


def _is_same(folder: Path, other: Path) -> bool:
    return os.path.abspath(folder) == os.path.abspath(other)  # noqa: PTH100 - the folder may have links in it
