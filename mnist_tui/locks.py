"""One process at a time: a lock file that is let go with its process, however that ends.

The locks are those of the system (flock), which older versions of this program and of filelock take as well. There is
no substitute for them: a file system without locks is said to have none, as a lock that is made of a file's mere
existence stays behind when its process is killed, and is copied along with the folder.
"""

from __future__ import annotations

import errno
import math
import os
import time
from pathlib import Path

from mnist_tui import regular

try:
    import fcntl
except ImportError:  # Windows, where filelock knows another call
    import filelock

    fcntl = None  # type: ignore[assignment]

_POLL = 0.05  # seconds between two tries
_BUSY = (errno.EWOULDBLOCK, errno.EAGAIN)
_NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)


class Lock:
    """Of one file. Two values of one file exclude each other, also within a process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None
        self._other: filelock.BaseFileLock | None = None

    def acquire(self, seconds: float = 0.0) -> None:
        """Raises TimeoutError where another has it for longer than `seconds`, OSError where there can be no lock."""
        if fcntl is None:
            self._other = filelock.FileLock(self.path, is_singleton=False)
            self._other.acquire(timeout=-1 if seconds == math.inf else seconds)
            return
        end = time.monotonic() + seconds
        while not self._try():
            if time.monotonic() >= end:
                raise TimeoutError(errno.ETIMEDOUT, "another process holds it", str(self.path))
            time.sleep(_POLL)

    def release(self) -> None:
        """Let go of it, if it is held. The file stays, as others may be waiting for it."""
        if self._other is not None:
            self._other.release()
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
            _held.discard(self)

    def _try(self) -> bool:
        descriptor = regular.open_descriptor(self.path, os.O_RDWR | os.O_CREAT)
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

    def __enter__(self) -> Lock:
        """Wait for it, for as long as it takes."""
        self.acquire(math.inf)
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of it."""
        self.release()


def is_held(path: Path) -> bool:
    """Whether a live process has the lock of `path`. Leaves no trace, and asks for no permission to write.

    Where that cannot be seen, for want of permission, it may be: the answer is yes. Where there can be no lock,
    nobody has it.
    """
    try:
        if fcntl is None:
            return path.exists() and _is_held_elsewhere(path)
        descriptor = regular.open_descriptor(path)
    except PermissionError:
        return True
    except OSError:  # there is none, or what is there was never a lock
        return False
    try:
        # A shared one, so that two who look do not take each other for a writer.
        return not _flock(descriptor, fcntl.LOCK_SH, path)
    except OSError:
        return False
    finally:
        os.close(descriptor)


def _is_held_elsewhere(path: Path) -> bool:
    lock = Lock(path)
    try:
        lock.acquire()
    except TimeoutError:
        return True
    lock.release()
    return False


def _flock(descriptor: int, kind: int, path: Path) -> bool:
    """Whether it was free. Raises OSError where the file system has no locks."""
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


# A process that is forked would keep a lock for as long as it lives; its parent's hold ends only with its own.
_held: set[Lock] = set()


def _let_go_after_a_fork() -> None:
    while _held:
        _held.pop().release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go_after_a_fork)
