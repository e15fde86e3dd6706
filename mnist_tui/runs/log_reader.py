"""Reading a run's log with limits: content that no run writes costs little memory and time, whatever its size."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from typing import BinaryIO

from mnist_tui import events
from mnist_tui.events import Event
from mnist_tui.runs import folder_layout
from mnist_tui.system.regular_file import UnsafeFileError

LONGEST_LINE = folder_layout.LARGEST_RECORD + 2**16
"""Bytes; a RunStarted has the whole record. A longer line is skipped unread."""
LARGEST = 16 * 2**30
"""Bytes. A day at full speed on a fast machine writes about one sixteenth of it."""

# How many bytes that are not events are read, and how many each such line counts in addition. A line that starts
# like an event may be of a newer version, whose log must still be readable: it counts a small part of that.
_BUDGET = 64 * 2**20
_COST_PER_LINE = 400
_EVENT_DISCOUNT = 16

_PART = 2**20
"""Bytes of a line that is too long that are read at once."""

_BEGINNING = b'{"event":"'


class LogReader:
    """The events of an open log from its current position, oldest first.

    A line that is damaged, too long or of a newer version is skipped. Without `progress`, so are the many lines of
    frequent events, unparsed. Without `torn`, a last line without an end is left for the next reader.

    A line without an end is the last one, even if the file has grown by the next read: the rest of a line that a writer
    was in the middle of would be taken for a damaged line of its own, and the event lost.
    """

    def __init__(self, file: BinaryIO, *, progress: bool = True, torn: bool = True) -> None:
        self.end = file.tell()
        """The position after the last complete line read."""
        self._file, self._progress, self._torn = file, progress, torn
        self._budget = _BUDGET

    def __iter__(self) -> Iterator[Event]:
        """Raises OddFileError for a file that is not a log, or too large for one."""
        if os.fstat(self._file.fileno()).st_size > LARGEST:
            raise UnsafeFileError(errno.EFBIG, f"it is larger than {LARGEST:,} bytes")
        while line := self._file.readline(LONGEST_LINE):
            is_whole = line.endswith(b"\n")
            if not is_whole and len(line) == LONGEST_LINE:
                if not self._skip_rest_of_line(len(line)):
                    return
                continue
            if is_whole:
                self.end += len(line)
            if (is_whole or self._torn) and (event := self._event(line)) is not None:
                yield event
            if not is_whole:
                return

    def _event(self, line: bytes) -> Event | None:
        if not self._progress and events.is_frequent(line):
            return None
        event = events.from_json(line.decode("utf-8", errors="replace"))
        if event is None:
            cost = len(line) + _COST_PER_LINE
            self._spend_budget(cost // _EVENT_DISCOUNT if line.startswith(_BEGINNING) else cost)
        return event

    def _skip_rest_of_line(self, size: int) -> bool:
        """Whether the line has an end yet."""
        self._spend_budget(size)
        while part := self._file.readline(_PART):
            size += len(part)
            self._spend_budget(len(part))
            if part.endswith(b"\n"):
                self.end += size
                return True
            if len(part) < _PART:
                break
        return False

    def _spend_budget(self, cost: int) -> None:
        self._budget -= cost
        if self._budget < 0:
            raise UnsafeFileError(errno.EINVAL, "most of it is not the log of a run")


def drop_torn_line(descriptor: int) -> None:
    """Cut off the beginning of an event that follows the last whole line; `descriptor` is open to read and append.

    Zeros, which a power cut can leave, count as such. Any other incomplete line is kept and terminated by a newline,
    so that the next event starts a line of its own.
    """
    size = os.fstat(descriptor).st_size
    tail = _read(descriptor, max(0, size - LONGEST_LINE), size)
    torn = tail[tail.rfind(b"\n") + 1 :]
    if not torn:
        return
    written = torn.rstrip(b"\0")
    is_of_an_event = written.startswith(_BEGINNING) or _BEGINNING.startswith(written)
    if len(torn) < LONGEST_LINE and is_of_an_event:
        os.ftruncate(descriptor, size - len(torn))
    else:
        os.write(descriptor, b"\n")


def _read(descriptor: int, start: int, end: int) -> bytes:
    os.lseek(descriptor, start, os.SEEK_SET)
    parts = []
    while end > start and (part := os.read(descriptor, end - start)):
        parts.append(part)
        start += len(part)
    return b"".join(parts)
