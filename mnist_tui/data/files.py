"""A dataset's files on disk: read whole, and only believed when the MD5 sum is right."""

from __future__ import annotations

import hashlib
from pathlib import Path

from mnist_tui.data.catalogue import DataFile
from mnist_tui.errors import DataError

MAX_BYTES = 64 * 2**20
"""No file of the catalogue is a third of this; what is larger is not read, and not fetched to its end."""


class UnusableFileError(DataError):
    """A file that fetching would put right: `reason` is `MISSING` or what is wrong with it."""

    def __init__(self, path: Path, reason: str) -> None:
        """`path` is the file's; `reason` completes the sentence "it is unusable: …"."""
        super().__init__(
            f"{path} is unusable: {reason}.",
            remedy="Fetch it with `mnist-tui data fetch`, or delete it first.",
        )
        self.path = path
        self.reason = reason

    @property
    def is_missing(self) -> bool:
        """Whether there is nothing at all, as before the first fetch."""
        return self.reason == MISSING


MISSING = "missing"


def read_verified(folder: Path, file: DataFile) -> bytes:
    """The content of `file` in `folder`: the very bytes that were checked, nothing is read twice.

    Raises UnusableFileError when it is missing or not what the catalogue says, DataError when it cannot
    be read.
    """
    path = folder / file.name
    content = _read(path)
    if not content:
        raise UnusableFileError(path, "it is empty")
    if len(content) > MAX_BYTES:
        raise UnusableFileError(path, f"it is larger than {MAX_BYTES:,} bytes")
    found = md5_of(content)
    if found != file.md5:
        raise UnusableFileError(path, f"its MD5 sum is {found}, not {file.md5}")
    return content


def md5_of(content: bytes) -> str:
    """The sum torchvision publishes. It guards against damage; against forgery there is https."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise UnusableFileError(path, MISSING) from None
    except IsADirectoryError:
        raise DataError(f"{path} is a folder, not a file.", remedy="Move it out of the way.") from None
    except OSError as error:
        raise DataError(
            f"{path} cannot be read: {error.strerror}.", remedy="Check its permissions and the disk."
        ) from error
