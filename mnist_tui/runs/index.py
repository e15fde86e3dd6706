"""An index of all runs in a folder, kept up to date cheaply while other processes write them. No torch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from mnist_tui.errors import RunError
from mnist_tui.events import EpochFinished
from mnist_tui.runs import Run, RunRecord
from mnist_tui.runs.find import is_run, list_folders
from mnist_tui.runs.history import RunHistory, RunStatus
from mnist_tui.runs.log_tail import LogTail
from mnist_tui.runs.summary import RunSummary, build_summary, summarize_unreadable

# A file has changed if one of these has: time, size, inode.
Stamp = tuple[int, int, int]


@dataclass(frozen=True)
class ScannedRun:
    """One run as it was at the last scan; immutable, so that threads can share it."""

    run: Run
    summary: RunSummary
    record: RunRecord | None = None
    """None for a damaged run."""
    rows: tuple[EpochFinished, ...] = ()


class RunIndex:
    """Reads each run once, and after that only what has been appended to its log."""

    def __init__(self, runs_dir: Path) -> None:
        self._runs_dir = runs_dir
        self._entries: dict[str, RunScanner] = {}

    def scan(self) -> Iterator[ScannedRun]:
        """Yield every run, newest first, as soon as it is read. Raises RunError if the folder cannot be read."""
        names = _folders(self._runs_dir)
        self._entries = {name: entry for name, entry in self._entries.items() if name in names}
        for name in names:
            entry = self._entries.setdefault(name, RunScanner(Run(self._runs_dir / name)))
            yield entry.scan()


class RunScanner:
    """Reads one run again whenever its files or its lock have changed."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._stamps: tuple[Stamp | None, Stamp | None] | None = None
        self._locked = False
        self._tail = LogTail(run, progress=False)
        self._history = RunHistory()
        self._seen = ScannedRun(run, summarize_unreadable(run))

    def scan(self) -> ScannedRun:
        """The run as it is now; the same object as before while nothing has changed."""
        # The lock first: a writer that releases it before the log is read has written its last line.
        locked = self._history.status.is_open and self._run.is_locked()
        stamps = _stamp(self._run.config_file), _stamp(self._run.log_file)
        if stamps != self._stamps or locked != self._locked:
            self._stamps, self._locked = stamps, locked
            self._seen = self._read()
        return self._seen

    def _read(self) -> ScannedRun:
        try:
            record = self._run.record()
            self._follow()
        except RunError as error:
            return ScannedRun(self._run, summarize_unreadable(self._run, str(error)))
        summary = build_summary(self._run, record, self._history)
        if self._history.status.is_open and not self._locked:
            summary = replace(summary, status=RunStatus.INTERRUPTED.value)
        return ScannedRun(self._run, summary, record, tuple(self._history.rows))

    def _follow(self) -> None:
        was_open, restarts = self._history.status.is_open, self._tail.restarts
        events = self._tail.read_new()
        if self._tail.restarts != restarts:
            self._history = RunHistory()
        for event in events:
            self._history.apply(event)
        if self._history.status.is_open and not was_open:
            self._locked = self._run.is_locked()


def _folders(runs_dir: Path) -> list[str]:
    """The names of folders that may be runs, newest first by the time at which their config was written."""
    names = [folder.name for folder in list_folders(runs_dir) if is_run(folder)]
    stamps = {name: _stamp(Run(runs_dir / name).config_file) for name in names}
    known = [name for name in names if stamps[name] is not None]
    return sorted(known, key=lambda name: (stamps[name], name), reverse=True)


def _stamp(path: Path) -> Stamp | None:
    try:
        state = path.lstat()
    except OSError:
        return None
    return state.st_mtime_ns, state.st_size, state.st_ino
