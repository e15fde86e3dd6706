"""Opening files in untrusted folders: regular files only, without following links, up to a size limit.

A pipe in place of a file would block, a device may never end, a link may lead to other users' files, and a sparse
file of a gigabyte takes no space on a disk.
"""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader, FileIO
from pathlib import Path

# Never follow a link, block on a pipe, or acquire a controlling terminal.
# Windows has none of these, and opens files as text by default.
_SAFE_FLAGS = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY"))

_BUFFER = 2**17  # a log has many lines
_CHUNK = 2**20

_KINDS = (
    (stat.S_ISLNK, "a link"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class UnsafeFileError(OSError):
    """Not the expected kind of file: a link, a pipe, a device, or too large."""


def open_descriptor(path: Path, flags: int = os.O_RDONLY) -> int:
    """`os.open` for a regular file. Raises UnsafeFileError for anything else, other OSErrors as `os.open` does."""
    if os.path.lexists(path):  # opening a device may already have side effects
        _check(path.lstat(), path)
    descriptor = os.open(path, flags | _SAFE_FLAGS, 0o666)
    try:
        _check(os.fstat(descriptor), path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def open_to_read(path: Path, limit: int | None = None) -> BufferedReader:
    """The file, opened for reading. Raises as `open_descriptor` does, and UnsafeFileError above `limit` bytes."""
    file: BufferedReader = BufferedReader(FileIO(open_descriptor(path)), _BUFFER)
    if limit is not None and os.fstat(file.fileno()).st_size > limit:
        file.close()
        raise _too_large_error(path, limit)
    return file


def read_bytes(path: Path, limit: int) -> bytes:
    """The whole file. Raises UnsafeFileError for a file above `limit` bytes, which is not read to its end."""
    content = bytearray()
    with open_to_read(path, limit) as file:
        # In parts: reading up to the limit at once would allocate that much memory for a small file.
        while part := file.read(_CHUNK):
            content += part
            if len(content) > limit:  # it has grown meanwhile
                raise _too_large_error(path, limit)
    return bytes(content)


def exists(path: Path) -> bool:
    """Whether a regular file exists, as far as can be determined."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except (OSError, ValueError):
        return False


def remedy_for_error(error: OSError) -> str:
    """The remedy for a file of a run that could not be opened or read."""
    is_odd = isinstance(error, (UnsafeFileError, IsADirectoryError))
    return "Restore the file, or delete this run." if is_odd else "Check its permissions and the disk."


def _too_large_error(path: Path, limit: int) -> UnsafeFileError:
    return UnsafeFileError(errno.EFBIG, f"it is larger than {limit:,} bytes", str(path))


def _check(state: os.stat_result, path: Path) -> None:
    if stat.S_ISREG(state.st_mode):
        return
    if stat.S_ISDIR(state.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    kind = next((words for is_one, words in _KINDS if is_one(state.st_mode)), "something else")
    raise UnsafeFileError(errno.EINVAL, f"it is {kind}, not a regular file", str(path))
