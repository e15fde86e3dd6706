"""A sweep on disk: `<runs>/sweeps/NAME/`, with the plan and the locks of the processes that work on it.

The results are in the runs themselves, so there is nothing here that could disagree with them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from mnist_tui import runs
from mnist_tui.errors import ConfigError, RunError, explain_os_error
from mnist_tui.runs.find import find_by_name
from mnist_tui.sweep import plans
from mnist_tui.sweep.plans import SweepPlan
from mnist_tui.system import atomic_file, file_lock, regular_file
from mnist_tui.system.file_lock import FileLock

FOLDER = runs.SWEEPS

_LARGEST_PLAN = 64 * 2**20  # bytes; a combination of settings takes about 1,100
_LOCK_SECONDS = 0.5


@dataclass(frozen=True)
class SweepFolder:
    """One sweep's folder, which need not exist yet."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def runs_dir(self) -> Path:
        return self.path.parents[1]

    @property
    def plan_file(self) -> Path:
        return self.path / "plan.json"

    @property
    def study_file(self) -> Path:
        """The journal of a search, which several processes write."""
        return self.path / "study.journal"

    @property
    def errors_file(self) -> Path:
        """What libraries wrote to standard error while training."""
        return self.path / "stderr.log"

    def exists(self) -> bool:
        return regular_file.exists(self.plan_file)

    def plan(self) -> SweepPlan:
        """The plan on disk. Raises RunError if it cannot be read."""
        try:
            content = regular_file.read_bytes(self.plan_file, _LARGEST_PLAN)
            return plans.from_dict(json.loads(content.decode("utf-8")))
        except OSError as error:
            raise RunError(
                f"{self.plan_file} cannot be read: {error.strerror}",
                remedy="Check its permissions and the disk.",
            ) from error
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, ConfigError) as error:
            what = f"it has no {error}" if isinstance(error, KeyError) else str(error)
            raise RunError(
                f"{self.plan_file} cannot be read: {what}", remedy=f"Delete the folder {self.path}."
            ) from error

    def write(self, plan: SweepPlan) -> None:
        """Save `plan`, whole or not at all. Raises RunError, or ConfigError for a plan too large to be read again."""
        content = (json.dumps(plans.to_dict(plan), indent=2) + "\n").encode()
        if len(content) > _LARGEST_PLAN:
            raise ConfigError("these are too many combinations for one sweep", remedy="Vary fewer settings.")
        with self._explain_write_errors():
            atomic_file.make_folder(self.path)
            atomic_file.write_bytes(self.plan_file, content)

    @contextmanager
    def create(self) -> Iterator[None]:
        """Create the folder, and remove it at the end unless a plan was written into it. Raises RunError."""
        with self._explain_write_errors():
            atomic_file.make_folder(self.path)
        try:
            yield
        finally:
            if not self.exists():
                self._remove()

    def _remove(self) -> None:
        """Remove what a sweep writes before its plan, and the folder unless it contains anything else."""
        with suppress(OSError):
            for path in (self.errors_file, self.study_file, *self.path.glob(".*.lock")):
                path.unlink(missing_ok=True)
            self.path.rmdir()

    @contextmanager
    def lock(self, part: str = "", *, wait: bool = False) -> Iterator[None]:
        """Lock the sweep, or one `part` of it, for this process; released with the process, however it ends.

        Raises RunError if another process has the lock, unless `wait`.
        """
        lock = self._lock_file(part)
        with self._explain_write_errors():
            is_acquired = lock.try_acquire(math.inf if wait else _LOCK_SECONDS)
        if not is_acquired:
            raise RunError(
                f"sweep {self.name} is being run by another process",
                remedy="Wait for it to finish or stop it, then try again.",
            )
        try:
            yield
        finally:
            lock.release()

    def remove_lock(self, part: str) -> None:
        """Remove the file of a lock that will not be used again."""
        self._lock_file(part).path.unlink(missing_ok=True)

    def is_locked(self, part: str = "") -> bool:
        return file_lock.is_held(self._lock_file(part).path)

    def _explain_write_errors(self) -> AbstractContextManager[None]:
        return explain_os_error(
            RunError, f"no sweep can be written in {self.path}", remedy="Choose another --runs-dir."
        )

    def _lock_file(self, part: str) -> FileLock:
        return FileLock(self.path / f".{part or 'sweep'}.lock")


def sweep_folder(runs_dir: Path, name: str) -> SweepFolder:
    """The folder of the sweep `name`, which need not exist. Raises RunError for an invalid name."""
    runs.check_name(name)
    return SweepFolder(runs_dir / FOLDER / name)


def list_sweeps(runs_dir: Path) -> list[SweepFolder]:
    """All sweeps, newest last. Raises RunError if the folder cannot be read."""
    home = runs_dir / FOLDER
    try:
        found = [folder for path in home.iterdir() if (folder := SweepFolder(path)).exists()]
        return sorted(found, key=lambda folder: (folder.plan_file.stat().st_mtime, folder.name))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunError(f"{home} cannot be read: {error.strerror}", remedy="Choose another --runs-dir.") from error


def find(runs_dir: Path, query: str) -> SweepFolder:
    """The sweep with this name or unique prefix, or the newest for `latest`. Raises RunError if there is none."""
    if sweep := find_by_name(list_sweeps(runs_dir), query, "sweeps"):
        return sweep
    raise RunError(
        f"there is no sweep {query!r} in {runs_dir}",
        remedy=f"See `{runs.command('sweep', 'list', runs_dir=runs_dir)}`.",
    )
