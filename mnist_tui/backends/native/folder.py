"""The folder that compiled libraries are kept in: whoever can write there can run code as this user."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mnist_tui import paths
from mnist_tui.backends.unfit import Unfit

_ELSEWHERE = "set MNIST_TUI_CACHE_DIR to a folder of your own"


def private_folder() -> Path:
    """The absolute path of the folder, made where it is missing. Raises Unfit for one not to be trusted."""
    folder = paths.cache_dir().absolute() / "native"
    with writing(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            _check(folder)
        _check_programs_run(folder)
    return folder


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """What the system refuses inside is a Unfit that names `folder`."""
    try:
        yield
    except OSError as error:
        raise Unfit(
            f"the cache folder {folder} cannot be written: {error.strerror or error}",
            hint=f"Free some room there, or {_ELSEWHERE}.",
        ) from error


def _check(folder: Path) -> None:
    found = folder.lstat()
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
    raise Unfit(
        f"the cache folder {folder} {wrong}", hint=f"Delete it and it is made again, or {_ELSEWHERE}."
    )


def _check_programs_run(folder: Path) -> None:
    if os.statvfs(folder).f_flag & getattr(os, "ST_NOEXEC", 0):
        raise Unfit(
            f"the cache folder {folder} is on a disk from which no program may run (noexec)",
            hint=f"For compiled steps {_ELSEWHERE} on another disk.",
        )
