"""`Run`: a run's folder with its files, its single writer, renaming and deleting.

<runs>/reference-s1/
    config.json  events.jsonl  last.ckpt  best.safetensors  (teacher.safetensors)  (source/)  (teacher-source/)
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mnist_tui.errors import RunError, explain_os_error
from mnist_tui.events import Event
from mnist_tui.runs import cleanup, folder_layout
from mnist_tui.runs.history import RunHistory, RunStatus, fold
from mnist_tui.runs.log_reader import LogReader
from mnist_tui.runs.log_writer import LogWriter
from mnist_tui.runs.record import RunRecord, read_record
from mnist_tui.system import atomic_file, file_lock, regular_file
from mnist_tui.system.file_lock import FileLock

_LOCK_SECONDS = 1.0  # a reader that checks the lock holds it briefly


@dataclass(frozen=True)
class Run:
    """One folder. Its files need not exist yet."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def config_file(self) -> Path:
        """The `RunRecord`: config, model, data, machine and versions."""
        return self.folder / folder_layout.CONFIG

    @property
    def log_file(self) -> Path:
        """Every event, one JSON object per line, append-only."""
        return self.folder / folder_layout.LOG

    @property
    def checkpoint_file(self) -> Path:
        """The training state to resume from."""
        return self.folder / folder_layout.CHECKPOINT

    @property
    def weights_file(self) -> Path:
        """The weights of the best epoch."""
        return self.folder / folder_layout.WEIGHTS

    @property
    def saved_weights(self) -> Literal["best", "last"] | None:
        """The best weights if there are any, else those of the last checkpoint; None if there is neither."""
        if regular_file.exists(self.weights_file):
            return "best"
        return "last" if regular_file.exists(self.checkpoint_file) else None

    @property
    def teacher_file(self) -> Path:
        """A copy of its teacher's weights, if it has one: the teacher may be deleted."""
        return self.folder / folder_layout.TEACHER

    def source_folder(self, part: Literal["model", "teacher"] = "model") -> Path:
        """The folder of the user code of its network, or of its teacher's."""
        return self.folder / folder_layout.SOURCES[part]

    def record(self) -> RunRecord:
        """What `config.json` says. Raises RunError when it cannot be read."""
        return read_record(self.config_file)

    def events(self, *, progress: bool = True) -> Iterator[Event]:
        """Every event of the log, oldest first; without `progress`, all but the frequent ones, which is faster.

        A line that is torn, damaged or of a newer version is skipped. Raises RunError if the log cannot be read.
        """
        try:
            with regular_file.open_to_read(self.log_file) as log:
                yield from LogReader(log, progress=progress)
        except FileNotFoundError:
            return
        except OSError as error:
            raise folder_layout.unreadable_error(self.log_file, error) from error

    def history(self, *, progress: bool = True) -> RunHistory:
        """The state of the run. One whose log ends in the middle without a writer was interrupted."""
        size = self._log_size()
        history = fold(self.events(progress=progress))
        if history.status.is_open and not self.is_locked():
            if self._log_size() != size:  # it may have ended since it was read
                history = fold(self.events(progress=progress))
            if history.status.is_open:
                history.status = RunStatus.INTERRUPTED
        return history

    def _log_size(self) -> int:
        try:
            return self.log_file.stat().st_size
        except OSError:  # there is none, or it is not accessible
            return 0

    def is_locked(self) -> bool:
        """Whether a live process is writing this run. Leaves no trace, and works in a read-only folder."""
        return file_lock.is_held(self._lock().path)

    def writer(self) -> LogWriter:
        """Open the run for writing. Raises RunError while another process does so."""
        lock = self._acquire_lock()
        try:
            return LogWriter(self.folder, lock)
        except OSError as error:
            raise self._write_error(error) from error

    def delete(self) -> None:
        """Delete the folder: rename it to a hidden one at once, then remove that file by file.

        Raises RunError while it is in use, and if it contains anything that no run writes.
        """
        foreign = folder_layout.find_foreign_entries(self.folder)
        if foreign:  # many folders of other projects have a config.json
            raise RunError(
                f"{self.folder} contains files that are not part of a run: {', '.join(foreign[:3])}",
                remedy="Move that away first, or delete the folder by hand.",
            )
        if self.folder.is_symlink():
            raise RunError(
                f"{self.folder} is a link to {self.folder.resolve()}",
                remedy="Delete that folder and the link by hand.",
            )
        hidden = cleanup.hidden_folder_for_deletion(self.folder)
        remedy = "Check the permissions of that folder."
        with explain_os_error(RunError, f"{self.folder} cannot be deleted", remedy=remedy):
            atomic_file.check_folder_writable(self.folder)  # or it would be hidden, and stay
            with self._locked():
                self.folder.rename(hidden)
                # Or a power cut could leave the folder in its place, with some of its files gone.
                atomic_file.sync_folder(hidden.parent)
            shutil.rmtree(hidden)
        cleanup.remove_leftovers(self.folder.parent)

    def rename(self, name: str) -> Run:
        """Rename the run. Raises RunError if the name is invalid or taken, or while the run is in use."""
        folder_layout.check_name(name)
        target = self.folder.with_name(name)
        if os.path.lexists(target):
            raise RunError(f"there is a run {name!r} already", remedy="Choose another name.")
        explained = explain_os_error(RunError, f"{self.folder} cannot be renamed", remedy="Check its permissions.")
        with self._locked(), explained:
            self.folder.rename(target)
            atomic_file.sync_folder(target.parent)
        return Run(target)

    def _write_error(self, error: OSError) -> RunError:
        return RunError(
            f"{error.filename or self.folder} cannot be written: {error.strerror}",
            remedy="Check its permissions and the disk.",
        )

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other processes from writing this run, without opening its log, which may be any file."""
        lock = self._acquire_lock()
        try:
            yield
        finally:
            lock.release()

    def _acquire_lock(self) -> FileLock:
        lock = self._lock()
        try:
            if lock.try_acquire(_LOCK_SECONDS):
                return lock
        except OSError as error:
            raise self._write_error(error) from error
        raise RunError(
            f"run {self.name} is in use by another process",
            remedy="Wait for it to finish or stop it, then try again.",
        )

    def _lock(self) -> FileLock:
        return FileLock(self.folder / folder_layout.LOCK)
