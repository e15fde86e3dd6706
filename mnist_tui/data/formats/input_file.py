"""A file named by the user: a regular file or standard input, read whole, up to a size limit."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from mnist_tui.errors import NoDigitError, PictureError

STDIN = "-"
"""The file name that stands for standard input."""

_CHUNK = 2**20


def display_name(name: str) -> str:
    """The name of the file in errors."""
    return "standard input" if name == STDIN else name


@contextmanager
def prepend_name(name: str) -> Iterator[None]:
    """Put the file's name before the description of the problem."""
    try:
        yield
    except NoDigitError as error:
        raise NoDigitError(f"{name}: {error}", remedy=error.remedy) from error
    except PictureError as error:
        raise PictureError(f"{name} {error}", remedy=error.remedy) from error


def read_input(name: str, most: Callable[[bytes], int]) -> bytes:
    """The content of the file called `name`; `most` returns its size limit for its first bytes.

    Raises PictureError, which names the file, if it is missing, not a regular file, empty or too large.
    """
    try:
        if name == STDIN:
            if sys.stdin is None:
                raise PictureError("standard input is closed", remedy="Name a file.")
            return _read_bounded(sys.stdin.buffer, display_name(name), most)
        path = Path(name)
        if path.exists() and not path.is_file():  # a pipe without a writer would block
            raise PictureError(f"{name} is not a file", remedy=f"Name a picture, or {STDIN} for standard input.")
        with path.open("rb") as file:
            return _read_bounded(file, name, most)
    except (OSError, ValueError) as error:  # ValueError for a name with a zero byte
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise PictureError(f"{display_name(name)} cannot be read: {reason}", remedy="Check its name.") from error


def _read_bounded(file: BinaryIO, name: str, most: Callable[[bytes], int]) -> bytes:
    chunk = file.read(_CHUNK)
    if not chunk:
        raise PictureError(f"{name} is empty", remedy="Save it again.")
    limit = most(chunk)
    content = io.BytesIO()  # its value needs no copy
    while chunk and content.tell() <= limit:
        content.write(chunk)
        chunk = file.read(_CHUNK)
    if content.tell() > limit:
        raise PictureError(f"{name} is larger than {limit >> 20} MB", remedy="Make it smaller.")
    return content.getvalue()
