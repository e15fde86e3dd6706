"""The single writer of a run: it holds the lock and appends to the log."""

from __future__ import annotations

import os
from pathlib import Path

from mnist_tui import events
from mnist_tui.events import Event
from mnist_tui.runs import folder_layout
from mnist_tui.runs.log_reader import drop_torn_line
from mnist_tui.system import atomic_file, regular_file
from mnist_tui.system.file_lock import FileLock


class LogWriter:
    """Holds the run's lock and appends to its log; a context manager."""

    def __init__(self, folder: Path, lock: FileLock) -> None:
        self.path = folder / folder_layout.LOG
        self._lock = lock
        try:
            self._log = self._open()
        except BaseException:
            lock.release()
            raise

    def _open(self) -> int:
        """Open the log, after removing what a killed writer left: partial files, a partial line.

        Writes are not buffered: data that the disk has no room for must not be written again at closing.
        """
        for path in folder_layout.find_temporary_files(self.path.parent):
            path.unlink()
        log = regular_file.open_descriptor(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        try:
            drop_torn_line(log)
            # A line is only as durable as the log's directory entry.
            atomic_file.sync_folder(self.path.parent)
        except BaseException:
            os.close(log)
            raise
        return log

    def append(self, event: Event, *, durable: bool = False) -> None:
        """Add one line, visible to readers at once; with `durable`, wait until it would survive a power cut.

        Raises OSError if it cannot, without leaving a torn line; also if the log has been removed, as what is written
        would be lost with its last reader.
        """
        line = memoryview(f"{events.to_json(event)}\n".encode())
        end = os.fstat(self._log).st_size
        try:
            while line:
                line = line[os.write(self._log, line) :]
        except OSError:
            os.ftruncate(self._log, end)
            raise
        if durable:
            self.sync()
            self.path.stat()

    def sync(self) -> None:
        """Wait until every line so far would survive a power cut."""
        os.fsync(self._log)

    def __enter__(self) -> LogWriter:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            os.close(self._log)
        finally:
            self._lock.release()
