"""The folder of compiled libraries: a user who can write there can run code as this user.

It is opened once, then checked and used through that descriptor. A folder that replaces it under the same name is
neither read nor written.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mnist_tui.native.unsupported import Unsupported
from mnist_tui.system import paths

_ELSEWHERE = "set MNIST_TUI_CACHE_DIR to a folder of your own"
_FOLDER = getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


@dataclass(frozen=True)
class PrivateFolder:
    """A folder that was verified to belong to this user alone."""

    path: Path
    """Its absolute path, for messages."""
    place: Path
    """A path to the open folder itself, also after it has been moved (on Linux; elsewhere the same as `path`)."""


@contextmanager
def open_private_folder() -> Iterator[PrivateFolder]:
    """The folder, created if it is missing. Raises Unsupported if it cannot be trusted."""
    path = paths.cache_dir().absolute() / "native"
    with explain_write_errors(path):
        descriptor = _open(path)
    place = Path(f"/proc/self/fd/{descriptor}")
    folder = PrivateFolder(path, place if place.is_dir() else path)
    try:
        yield folder
    except Unsupported as error:
        texts = (text.replace(str(folder.place), str(path)) for text in (error.reason, error.hint))
        raise Unsupported(*texts) from error
    finally:
        os.close(descriptor)


@contextmanager
def explain_write_errors(folder: Path) -> Iterator[None]:
    """Turn an OSError inside into an Unsupported that names `folder`."""
    try:
        yield
    except OSError as error:
        raise Unsupported(
            f"the cache folder {folder} cannot be written: {error.strerror or error}",
            hint=f"Free some room there, or {_ELSEWHERE}.",
        ) from error


def _open(path: Path) -> int:
    """A descriptor of the folder, after its checks."""
    _create(path.parent)
    above = os.open(path.parent, os.O_RDONLY | _FOLDER & ~getattr(os, "O_NOFOLLOW", 0))
    try:
        _check_parent(path.parent, os.fstat(above))
        with contextlib.suppress(FileExistsError):
            os.mkdir(path.name, mode=0o700, dir_fd=above)
        _check(path, os.stat(path.name, dir_fd=above, follow_symlinks=False))
        descriptor = os.open(path.name, os.O_RDONLY | _FOLDER, dir_fd=above)
    finally:
        os.close(above)
    try:
        _check(path, os.fstat(descriptor))
        _check_programs_run(path, descriptor)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _create(folder: Path) -> None:
    """Private to this user, whatever the umask, as are missing parent folders."""
    for place in reversed([folder, *folder.parents]):
        if not place.exists():
            place.mkdir(mode=0o700, exist_ok=True)


def _check_parent(folder: Path, found: os.stat_result) -> None:
    """Other users must not be able to replace the cache. The user's own group counts as the user."""
    others = stat.S_IWOTH if found.st_gid == os.getegid() else stat.S_IWOTH | stat.S_IWGRP
    if found.st_mode & others and not found.st_mode & stat.S_ISVTX:
        raise Unsupported(
            f"the folder {folder} of the cache can be written by other users",
            hint=f"Remove other users' write permission (chmod go-w), or {_ELSEWHERE}.",
        )


def _check(path: Path, found: os.stat_result) -> None:
    if stat.S_ISLNK(found.st_mode):
        wrong = "is a symbolic link"
    elif not stat.S_ISDIR(found.st_mode):
        wrong = "is not a folder"
    elif found.st_uid != os.geteuid():
        wrong = "belongs to another user"
    elif found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        wrong = "can be written by other users"
    else:
        return
    # Not "change its permissions": what others have put into it would then be trusted.
    raise Unsupported(
        f"the cache folder {path} {wrong}", hint=f"Delete it, and it will be created again, or {_ELSEWHERE}."
    )


def _check_programs_run(path: Path, descriptor: int) -> None:
    if os.fstatvfs(descriptor).f_flag & getattr(os, "ST_NOEXEC", 0):
        raise Unsupported(
            f"the cache folder {path} is on a disk from which no program may run (noexec)",
            hint=f"For compiled steps {_ELSEWHERE} on another disk.",
        )
