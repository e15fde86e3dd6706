"""Following a run's log while another process writes it, also through a resume, a rename or a new start."""

from __future__ import annotations

import os
from pathlib import Path

from mnist_tui.errors import RunError
from mnist_tui.events import Event
from mnist_tui.runs import Run, folder_layout, list_runs
from mnist_tui.runs.log_reader import LogReader
from mnist_tui.system import regular_file


class LogTail:
    """Reads what has been appended to a log since the last call; the caller keeps the history.

    Without `progress`, the many lines of frequent events are skipped unparsed, as in `Run.history`.
    """

    def __init__(self, run: Run, *, progress: bool = True) -> None:
        self.run = run
        """The run under its current name: a rename is noticed."""
        self.restarts = 0
        """How often the log has started over, so that what was read before no longer counts."""
        self._progress = progress
        self._offset = 0  # after the last whole line: a torn one is read again once it is whole
        self._file: tuple[int, int] | None = None

    def read_new(self) -> list[Event]:
        """The events appended since the last call. Raises RunError when the run is gone or unreadable."""
        try:
            return self._read()
        except FileNotFoundError:
            self._find_again()
            return []
        except OSError as error:
            raise folder_layout.unreadable_error(self.run.log_file, error) from error

    def _read(self) -> list[Event]:
        with regular_file.open_to_read(self.run.log_file) as log:
            self._notice_new_start(os.fstat(log.fileno()))
            log.seek(self._offset)
            reader = LogReader(log, progress=self._progress, torn=False)
            found = list(reader)
        self._offset = reader.end
        return found

    def _notice_new_start(self, state: os.stat_result) -> None:
        """Another file under the name, or a shorter one, is another log."""
        file = (state.st_dev, state.st_ino)
        if self._file is not None and (file != self._file or state.st_size < self._offset):
            self._offset = 0
            self.restarts += 1
        self._file = file

    def _find_again(self) -> None:
        """A missing log has not been started yet; a missing folder was renamed or deleted."""
        if self.run.folder.is_dir():
            return
        for run in list_runs(self.run.folder.parent):
            if self._file is not None and _identity(run.log_file) == self._file:
                self.run = run
                return
        raise RunError(f"run {self.run.name} is gone from {self.run.folder.parent}")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        state = path.lstat()
    except OSError:
        return None
    return state.st_dev, state.st_ino
