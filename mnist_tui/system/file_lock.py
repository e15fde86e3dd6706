"""One process at a time: a lock file that is released when its process ends in any way.

The locks are the operating system's (flock), which older versions of this program and of filelock use as well. There is
no substitute on a file system without locks: a lock that consists of a file's existence would remain after its process
is killed, and would be copied along with the folder.
"""

from __future__ import annotations

import errno
import math
import os
import time
from pathlib import Path

from mnist_tui.system import regular_file

try:
    import fcntl
except ImportError:  # Windows, where filelock uses another call
    import filelock

    fcntl = None  # type: ignore[assignment]

_POLL = 0.05  # seconds between attempts
_BUSY = (errno.EWOULDBLOCK, errno.EAGAIN)
_NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)


class FileLock:
    """The lock of one file. Two objects for one file exclude each other, also within a process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None
        self._other: filelock.BaseFileLock | None = None

    def acquire(self, seconds: float = 0.0) -> None:
        """Raises TimeoutError if another process holds it for `seconds`, OSError if locks are not supported."""
        if fcntl is None:
            self._other = filelock.FileLock(self.path, is_singleton=False)
            self._other.acquire(timeout=-1 if seconds == math.inf else seconds)
            return
        end = time.monotonic() + seconds
        while not self._try():
            if time.monotonic() >= end:
                raise TimeoutError(errno.ETIMEDOUT, "another process holds it", str(self.path))
            time.sleep(_POLL)

    def try_acquire(self, seconds: float = 0.0) -> bool:
        """Whether it was acquired within `seconds`. Raises OSError if locks are not supported."""
        try:
            self.acquire(seconds)
        except TimeoutError:
            return False
        return True

    def release(self) -> None:
        """Release it, if it is held. The file stays, because other processes may be waiting for it."""
        if self._other is not None:
            self._other.release()
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
            _held.discard(self)

    def _try(self) -> bool:
        descriptor = regular_file.open_descriptor(self.path, os.O_RDWR | os.O_CREAT)
        try:
            taken = _flock(descriptor, fcntl.LOCK_EX, self.path) and _is_still_there(descriptor, self.path)
        except BaseException:
            os.close(descriptor)
            raise
        if not taken:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        _held.add(self)
        return True

    def __enter__(self) -> FileLock:
        self.acquire(math.inf)
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def is_held(path: Path) -> bool:
    """Whether a live process holds the lock of `path`. Leaves no trace, and needs no write permission.

    If permissions prevent finding out, the answer is yes. On a file system without locks the answer is no.
    """
    try:
        if fcntl is None:
            lock = FileLock(path)
            is_free = not path.exists() or lock.try_acquire()
            lock.release()
            return not is_free
        descriptor = regular_file.open_descriptor(path)
    except PermissionError:
        return True
    except OSError:  # it is missing, or was never a lock
        return False
    try:
        # A shared lock, so that two readers do not mistake each other for a writer.
        return not _flock(descriptor, fcntl.LOCK_SH, path)
    except OSError:
        return False
    finally:
        os.close(descriptor)


def _flock(descriptor: int, kind: int, path: Path) -> bool:
    """Whether it was free. Raises OSError if the file system does not support locks."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _BUSY:
            return False
        reason = error.strerror or os.strerror(error.errno or errno.EIO)
        if error.errno in _NO_LOCKS:
            reason = f"its file system does not support locks ({reason})"
        raise OSError(error.errno, reason, str(path)) from error
    return True


def _is_still_there(descriptor: int, path: Path) -> bool:
    """The folder may have been renamed, or the file removed, between opening and locking it."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False


# A forked process would keep the lock alive after its parent has ended.
_held: set[FileLock] = set()


def _release_after_fork() -> None:
    while _held:
        _held.pop().release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_release_after_fork)
