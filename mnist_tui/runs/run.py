"""A run's folder: its files, what they say, its one writer, its name and its end.

<runs>/2026-11-23T21-14-07-mnist-reference/
    config.json  events.jsonl  last.ckpt  best.safetensors  (teacher.safetensors)  (source/)  (teacher-source/)
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mnist_tui import atomic, events
from mnist_tui.errors import RunError
from mnist_tui.events import Event
from mnist_tui.history import RunHistory, RunStatus, fold
from mnist_tui.runs import leftovers
from mnist_tui.runs.names import check_name
from mnist_tui.runs.writer import RunWriter

if TYPE_CHECKING:
    import filelock

_FILES = ("config.json", "events.jsonl", "last.ckpt", "best.safetensors", "teacher.safetensors")
SOURCE_FOLDERS = {"model": "source", "teacher": "teacher-source"}


@dataclass(frozen=True)
class Run:
    """One folder. Its files need not be there yet."""

    folder: Path

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def config_file(self) -> Path:
        """The whole config, with versions, model, data and machine."""
        return self.folder / "config.json"

    @property
    def log_file(self) -> Path:
        """Every event, one JSON object a line, append-only."""
        return self.folder / "events.jsonl"

    @property
    def checkpoint_file(self) -> Path:
        """The state to resume from."""
        return self.folder / "last.ckpt"

    @property
    def weights_file(self) -> Path:
        """Weights of the best epoch."""
        return self.folder / "best.safetensors"

    @property
    def teacher_file(self) -> Path:
        """The teacher's weights, for a run that learns from one: its own copy, as the teacher may be deleted."""
        return self.folder / "teacher.safetensors"

    def source_folder(self, part: Literal["model", "teacher"] = "model") -> Path:
        """The files of the person's own code that made its network, or its teacher's."""
        return self.folder / SOURCE_FOLDERS[part]

    def record(self) -> dict[str, Any]:
        """What `config.json` says. Raises RunError when it cannot be read."""
        try:
            record = json.loads(self.config_file.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise RunError(
                f"{self.config_file} cannot be read: {error}", remedy="Delete this run."
            ) from error
        if not isinstance(record, dict) or not isinstance(record.get("config"), dict):
            raise RunError(f"{self.config_file} holds no config", remedy="Delete this run.")
        damaged = [
            part
            for part in ("model", "data", "machine", "versions")
            if not isinstance(record.get(part, {}), dict)
        ]
        if damaged:
            raise RunError(f"{self.config_file}: {damaged[0]} is damaged", remedy="Delete this run.")
        return record

    def events(self, *, progress: bool = True) -> Iterator[Event]:
        """Every event of the log, oldest first; without `progress`, quickly past the many lines of frequent ones.

        A line that is torn, damaged or of a newer version is passed over.
        """
        try:
            with self.log_file.open(encoding="utf-8", errors="replace") as log:
                for line in log:
                    if not progress and events.is_frequent(line):
                        continue
                    event = events.from_json(line)
                    if event is not None:
                        yield event
        except FileNotFoundError:
            return
        except OSError as error:
            raise RunError(
                f"{self.log_file} cannot be read: {error.strerror}", remedy="Check its permissions."
            ) from error

    def history(self, *, progress: bool = True) -> RunHistory:
        """The run's story so far; one whose log ends in the middle with no writer was interrupted."""
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
        except OSError:  # there is none, or none to be seen
            return 0

    def is_locked(self) -> bool:
        """Whether a live process is writing this run. Leaves no trace in a folder that is only read."""
        lock = self._lock()
        if not Path(lock.lock_file).exists():
            return False
        try:
            with lock:
                return False
        except TimeoutError:
            return True
        except OSError:  # a read-only folder, in which nobody can be writing
            return False

    def writer(self) -> RunWriter:
        """The one writer of this run. Raises RunError while a live process has it."""
        lock = self._lock()
        try:
            lock.acquire(timeout=1)  # a reader looking at the lock holds it for a moment
        except TimeoutError:
            raise RunError(
                f"run {self.name} is in use by another process",
                remedy="Wait for it, or stop it, and try again.",
            ) from None
        except OSError as error:
            raise self._not_writable(error) from error
        try:
            return RunWriter(self, lock)
        except OSError as error:
            raise self._not_writable(error) from error

    def delete(self) -> None:
        """Remove the folder: at once out of sight, then file by file.

        Raises RunError while it is in use, and for a folder with anything in it that no run writes.
        """
        strangers = [entry.name for entry in self.folder.iterdir() if not _is_of_a_run(entry.name)]
        if strangers:  # many a project's folder has some config.json
            raise RunError(
                f"{self.folder} holds what is no part of a run: {', '.join(sorted(strangers)[:3])}",
                remedy="Move that away first, or delete the folder by hand.",
            )
        if self.folder.is_symlink():
            raise RunError(
                f"{self.folder} is a link to {self.folder.resolve()}",
                remedy="Delete that folder and the link by hand.",
            )
        if not os.access(self.folder, os.W_OK | os.X_OK):  # it would be hidden, and then stay
            code = errno.EROFS if atomic.is_read_only(self.folder) else errno.EACCES
            raise RunError(
                f"{self.folder} cannot be deleted: {os.strerror(code)}",
                remedy="Check the permissions of that folder.",
            )
        hidden = leftovers.hidden_for_deleting(self.folder)
        try:
            with self.writer():
                self.folder.rename(hidden)
                # Or a power cut could leave the folder in its place, with some of its files gone.
                atomic.sync_folder(hidden.parent)
            shutil.rmtree(hidden)
        except OSError as error:
            raise RunError(
                f"{self.folder} cannot be deleted: {error.strerror}",
                remedy="Check the permissions of that folder.",
            ) from error
        leftovers.sweep(self.folder.parent)

    def rename(self, name: str) -> Run:
        """The run under its new name. Raises RunError for a bad or taken name, or while the run is in use."""
        check_name(name)
        target = self.folder.with_name(name)
        if target.exists():
            raise RunError(f"there is a run {name!r} already", remedy="Choose another name.")
        with self.writer():
            try:
                self.folder.rename(target)
                atomic.sync_folder(target.parent)
            except OSError as error:
                raise RunError(
                    f"{self.folder} cannot be renamed: {error.strerror}", remedy="Check its permissions."
                ) from error
        return Run(target)

    def _not_writable(self, error: OSError) -> RunError:
        return RunError(
            f"{error.filename or self.folder} cannot be written: {error.strerror}",
            remedy="Check its permissions, and the disk.",
        )

    def _lock(self) -> filelock.BaseFileLock:
        import filelock  # here, as the dashboard's first frame does without

        # is_singleton off: two Run values of one folder must exclude each other also within a process.
        return filelock.FileLock(self.folder / ".lock", timeout=0, is_singleton=False)


def _is_of_a_run(name: str) -> bool:
    """Whether a run writes a file of this name; the hidden ones are its lock and what a kill left half written."""
    return name.startswith(".") or name in (*_FILES, *SOURCE_FOLDERS.values())
