"""A run's folder on disk: create, lock, append events, read, find, list, delete. No torch.

<runs>/2026-11-23T21-14-07-mnist-reference/
    config.json  events.jsonl  last.ckpt  best.safetensors  (teacher.safetensors)
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from mnist_tui import atomic, events
from mnist_tui.errors import RunError
from mnist_tui.events import Event
from mnist_tui.history import RunHistory, RunStatus, fold

if TYPE_CHECKING:
    import filelock

LATEST = "latest"
"""What `find` takes for the newest run."""

SWEEPS = "sweeps"
"""The folder beside the runs in which sweeps keep their plans; no run is called so."""

_NAME = re.compile(r"[^\W_][\w.+ -]*")
_LONGEST_NAME = 120  # bytes; a file's name may have 255, and numbers and temporary names are made of it
_DELETED = ".deleted-"
_MAKING = ".new-"
_ABANDONED_SECONDS = 3600.0  # after which a run that is still in the making was left so by a kill
_FILES = ("config.json", "events.jsonl", "last.ckpt", "best.safetensors", "teacher.safetensors")


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
            part for part in ("model", "data", "machine") if not isinstance(record.get(part, {}), dict)
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
        history = fold(self.events(progress=progress))
        if history.status.is_open and not self.is_locked():
            history = fold(self.events(progress=progress))  # it may have ended since it was read
            if history.status.is_open:
                history.status = RunStatus.INTERRUPTED
        return history

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
            code = errno.EROFS if _is_read_only(self.folder) else errno.EACCES
            raise RunError(
                f"{self.folder} cannot be deleted: {os.strerror(code)}",
                remedy="Check the permissions of that folder.",
            )
        hidden = self.folder.with_name(f"{_DELETED}{os.getpid()}-{self.name}")
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
        _sweep(self.folder.parent)

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


class RunWriter:
    """Holds the run's lock and appends to its log; a context manager."""

    def __init__(self, run: Run, lock: filelock.BaseFileLock) -> None:
        self.run = run
        self._lock = lock
        try:
            _tidy(run)
            run.log_file.touch()
            atomic.sync_folder(run.folder)  # a line is no safer than the log's own name
            # Unbuffered: what the disk has no room for must not wait to be written once more at closing.
            self._log = run.log_file.open("ab", buffering=0)
        except BaseException:
            lock.release()
            raise

    def append(self, event: Event, *, durable: bool = False) -> None:
        """Add one line, seen by readers at once; `durable` waits until it would survive a power cut.

        Raises OSError when it cannot, with no torn line left for the next one to run into; also when the log has
        been removed, and what is written would be gone with its last reader.
        """
        line = memoryview(f"{events.to_json(event)}\n".encode())
        end = os.fstat(self._log.fileno()).st_size
        try:
            while line:
                line = line[self._log.write(line) :]
        except OSError:
            self._log.truncate(end)
            raise
        if durable:
            self.sync()
            self.run.log_file.stat()

    def sync(self) -> None:
        """Wait until every line so far would survive a power cut."""
        os.fsync(self._log.fileno())

    def __enter__(self) -> RunWriter:
        """The writer itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the log, let go of the lock."""
        try:
            self._log.close()
        finally:
            self._lock.release()


def check_place(runs_dir: Path, name: str = "") -> None:
    """Raise RunError where `create` is bound to fail: a bad or taken name, a folder that cannot be written."""
    if name:
        check_name(name)
        if _is_taken(runs_dir / name):
            raise _taken(runs_dir / name)
    there = next(folder for folder in (runs_dir, *runs_dir.absolute().parents) if os.path.lexists(folder))
    if not there.is_dir():
        code = errno.ENOTDIR
    elif os.access(there, os.W_OK | os.X_OK):
        return
    else:
        code = errno.EROFS if _is_read_only(there) else errno.EACCES
    raise _not_writable(runs_dir, OSError(code, os.strerror(code)))


def create(runs_dir: Path, record: Mapping[str, Any], *, name: str = "", teacher: bytes | None = None) -> Run:
    """A new folder with its `config.json`; without a `name`, one made of the time, dataset and recipe.

    `teacher` is what its `teacher_file` is to hold. The folder appears whole or not at all, also after a kill.
    """
    config = record["config"]
    stem = name or f"{datetime.now():%Y-%m-%dT%H-%M-%S}-{config['dataset']}-{config['recipe']}"
    check_name(stem)
    making = Run(runs_dir / f"{_MAKING}{uuid4().hex}")
    try:
        atomic.make_folder(runs_dir)
        _sweep(runs_dir)
        making.folder.mkdir()
        if teacher is not None:
            atomic.write_bytes(making.teacher_file, teacher)
        atomic.write_text(making.config_file, record_text(record))
        run = _put_in_place(making, stem, numbered=not name)
        atomic.sync_folder(runs_dir)
    except OSError as error:
        raise _not_writable(runs_dir, error) from error
    finally:
        shutil.rmtree(making.folder, ignore_errors=True)  # it is there only where something went wrong
    return run


def record_text(record: Mapping[str, Any]) -> str:
    """What `config.json` holds: ASCII, as a path in it need not be UTF-8."""
    return json.dumps(dict(record), indent=2) + "\n"


def check_name(name: str) -> None:
    """Raise RunError for what cannot be a run's name."""
    if not _NAME.fullmatch(name) or len(name.encode()) > _LONGEST_NAME or name in (LATEST, SWEEPS):
        raise RunError(
            f"{name!r} cannot be a run's name",
            remedy=f"Use up to {_LONGEST_NAME} letters, digits, spaces and . _ + - only, starting with a letter "
            f"or digit; {LATEST!r} is the newest run's other name, {SWEEPS!r} the folder of the sweeps.",
        )


def list_runs(runs_dir: Path) -> list[Run]:
    """Every run under `runs_dir`, newest last."""
    try:
        folders = [entry for entry in runs_dir.iterdir() if not entry.name.startswith(".")]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunError(
            f"{runs_dir} cannot be read: {error.strerror}", remedy="Choose another --runs-dir."
        ) from error
    found = [Run(folder) for folder in folders if _is_run(folder)]
    return sorted(found, key=lambda run: (_created(run), run.name))


def find(runs_dir: Path, query: str) -> Run:
    """The run that `query` means: a name, a unique prefix of one, a path to a folder, or `latest`."""
    if os.sep in query and _is_run(path := _expanded(query)):
        return Run(path.resolve())
    runs = list_runs(runs_dir)
    if query == LATEST and runs:
        return runs[-1]
    matches = [run for run in runs if run.name == query] or [
        run for run in runs if query and run.name.startswith(query)
    ]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise RunError(
            f"{query!r} could mean {len(matches)} runs: {', '.join(run.name for run in matches[:5])}",
            remedy="Give more of the name.",
        )
    known = f" The newest is {runs[-1].name}." if runs else ""
    raise RunError(f"there is no run {query!r} in {runs_dir}.{known}", remedy="See `mnist-tui runs list`.")


def _is_read_only(folder: Path) -> bool:
    """Whether it is on a disk that nobody may write, as far as the system tells."""
    return hasattr(os, "statvfs") and bool(os.statvfs(folder).f_flag & os.ST_RDONLY)


def _put_in_place(making: Run, stem: str, *, numbered: bool) -> Run:
    """Give a run in the making its name: `stem`, or `stem-2`, … when two runs start within a second."""
    for number in range(1, 1000):
        folder = making.folder.with_name(stem if number == 1 else f"{stem}-{number}")
        if not _is_taken(folder):
            try:
                return Run(making.folder.rename(folder))
            except OSError:
                if not _is_taken(folder):  # nobody was quicker
                    raise
        if not numbered:
            raise _taken(folder)
    raise RunError(f"too many runs named {stem}", remedy="Choose a name with --name.")


def _is_taken(folder: Path) -> bool:
    """Whether something is there. An empty folder is nothing, and a rename puts a run in its place."""
    if not os.path.lexists(folder):
        return False
    return folder.is_symlink() or not folder.is_dir() or any(folder.iterdir())


def _sweep(runs_dir: Path) -> None:
    """Remove what a killed process left of a run that it was deleting, or making."""
    for leftover in runs_dir.glob(f"{_DELETED}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    for leftover in runs_dir.glob(f"{_MAKING}*"):
        with contextlib.suppress(OSError):
            if time.time() - leftover.stat().st_mtime > _ABANDONED_SECONDS:
                shutil.rmtree(leftover)


def _is_of_a_run(name: str) -> bool:
    """Whether a run writes a file of this name; the hidden ones are its lock and what a kill left half written."""
    return name.startswith(".") or name in _FILES


def _taken(folder: Path) -> RunError:
    if not _is_run(folder):
        return RunError(f"there is {folder} already, which is no run", remedy="Choose another name.")
    name = folder.name
    return RunError(
        f"there is a run {name!r} already", remedy=f"Resume it with --resume {name}, or choose another name."
    )


def _not_writable(folder: Path, error: OSError) -> RunError:
    return RunError(
        f"no run can be written in {folder}: {error.strerror}", remedy="Choose another --runs-dir."
    )


def _is_run(folder: Path) -> bool:
    """Whether a run's config is there, as far as can be seen: a folder may be another person's."""
    try:
        return Run(folder).config_file.is_file()
    except OSError:
        return False


def _expanded(query: str) -> Path:
    try:
        return Path(query).expanduser()
    except RuntimeError:  # `~name` of nobody known here
        return Path(query)


def _created(run: Run) -> str:
    try:
        return str(run.record().get("created", ""))
    except RunError:
        return ""


def _tidy(run: Run) -> None:
    """Remove what a killed writer left: half a file beside the whole one, half a line at the log's end."""
    for unfinished in run.folder.glob(atomic.TEMPORARY):
        unfinished.unlink()
    _drop_torn_line(run.log_file)


def _drop_torn_line(log: Path) -> None:
    """Cut off what follows the last whole line."""
    if not log.exists():
        return
    with log.open("rb+") as file:
        end = file.seek(0, os.SEEK_END)
        while end > 0:
            start = max(0, end - 65536)
            file.seek(start)
            newline = file.read(end - start).rfind(b"\n")
            if newline >= 0:
                file.truncate(start + newline + 1)
                return
            end = start
        file.truncate(0)
