"""The one writer of a run: it holds the lock and appends to the log."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from mnist_tui import atomic, events
from mnist_tui.events import Event

if TYPE_CHECKING:
    import filelock

    from mnist_tui.runs.run import Run


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
