"""Files that appear whole or not at all, also after a power cut."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import tempfile
from pathlib import Path

TEMPORARY = ".*.tmp"
"""Matches unfinished files, one of which a killed process may leave behind."""
TEMPORARY_NAME = re.compile(r"\.(?P<name>.+)\.[a-z0-9_]{8}\.tmp", re.DOTALL)
"""The exact pattern with the final name of the file: the user may have similar hidden files."""


def write_bytes(path: Path, content: bytes) -> None:
    """Replace `path` by `content`: temporary file beside it, flush, fsync, rename, fsync of the folder.

    Raises OSError naming `path` if that fails; the old file is then untouched and no temporary file is left, unless
    only the last fsync failed.
    """
    try:
        _replace(path, content)
        sync_folder(path.parent)
    except OSError as error:
        error.filename = str(path)  # rather than the temporary file, or none
        raise


def _replace(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def write_text(path: Path, content: str) -> None:
    """`write_bytes` in UTF-8."""
    write_bytes(path, content.encode())


def make_folder(folder: Path) -> None:
    """Create `folder` and its missing parents, so that they survive a power cut."""
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for place in missing:
        with contextlib.suppress(PermissionError):  # a folder that is writable but not readable cannot be synced
            sync_folder(place.parent)


def sync_folder(folder: Path) -> None:
    """Make renames and new files in `folder` survive a power cut, where the system supports it."""
    if not hasattr(os, "O_DIRECTORY"):  # Windows cannot sync folders
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def check_writable(path: Path) -> None:
    """Raise OSError if `write_bytes` is certain to fail, as far as can be determined beforehand."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    path.parent.lstat()  # raises FileNotFoundError
    check_folder_writable(path.parent)


def check_folder_writable(folder: Path) -> None:
    """Raise OSError if nothing can be created in `folder`, as far as can be determined."""
    if not folder.is_dir():
        code = errno.ENOTDIR
    elif os.access(folder, os.W_OK | os.X_OK):
        return
    else:
        is_read_only = hasattr(os, "statvfs") and os.statvfs(folder).f_flag & os.ST_RDONLY
        code = errno.EROFS if is_read_only else errno.EACCES
    raise OSError(code, os.strerror(code), str(folder))


def _umask() -> int:
    # The only portable way to read the mask is to set it.
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
