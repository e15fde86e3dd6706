"""The files of a dataset on disk: read whole, and used only if the checksum of the file or of its content matches."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mnist_tui.data.formats import idx
from mnist_tui.data.registry import DataFile, DatasetSpec
from mnist_tui.errors import DataError

MAX_BYTES = 64 * 2**20
"""More than three times the largest file; a larger one is neither read nor fetched to its end."""


class UnusableFileError(DataError):
    """A file that has to be fetched: `reason` is `MISSING` or what is wrong with it."""

    def __init__(self, path: Path, reason: str, *, in_place: bool = True) -> None:
        """`reason` completes the sentence "it is unusable: …"; `in_place` says whether it is the archive."""
        super().__init__(
            f"{path} is unusable: {reason}.",
            remedy="Fetch it with `mnist-tui data fetch`, or delete it first.",
        )
        self.path = path
        self.reason = reason
        self.in_place = in_place

    @property
    def description(self) -> str:
        """The problem, without a period: only an archive in its own place can be damaged, others may be other files."""
        return f"{self.path} {'is damaged' if self.in_place else 'cannot be used'}: {self.reason}"

    @property
    def is_missing(self) -> bool:
        """Whether the file does not exist, as before the first fetch."""
        return self.reason == MISSING


MISSING = "missing"


def read_verified(folder: Path, file: DataFile) -> bytes:
    """The content of `file` in `folder`: the same bytes that were verified.

    Raises UnusableFileError if it is missing or does not match the registry, DataError if it cannot be read.
    """
    path = folder / file.name
    content = _read(path)
    if not content:
        raise UnusableFileError(path, "it is empty")
    if len(content) > MAX_BYTES:
        raise UnusableFileError(path, f"it is larger than {MAX_BYTES:,} bytes")
    # The checksum that torchvision publishes: it detects damage, and https prevents forgery.
    found = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if found != file.md5:
        raise UnusableFileError(path, f"its MD5 sum is {found}, not {file.md5}")
    return content


@dataclass(frozen=True, eq=False)
class FoundFile:
    """A verified file, wherever it was found: `content` is IDX, with gzip around it or without."""

    path: Path
    content: bytes
    is_original: bool
    """Whether it is the published archive itself, by its MD5 sum; otherwise its content was verified."""


def find_verified(entry: DatasetSpec, home: Path, file: DataFile) -> FoundFile:
    """The `file` of `entry`: the archive in `home`, or its content, unpacked or recompressed, in another usual place.

    Raises UnusableFileError as `read_verified` does; if another file is in its place, the error says what it is.
    """
    try:
        return FoundFile(home / file.name, read_verified(home, file), is_original=True)
    except UnusableFileError as error:
        unusable = error
    for path in usual_paths(entry, home, file):
        if not path.is_file():
            continue
        try:
            content = _verify_content(path, entry, file)
        except UnusableFileError as error:
            if unusable.is_missing:
                unusable = error
        else:
            return FoundFile(path, content, is_original=False)
    raise unusable


def usual_paths(entry: DatasetSpec, home: Path, file: DataFile) -> Iterator[Path]:
    """Other usual places of a file: unpacked, under another of its names, or recompressed.

    In the dataset's own folders, or flat in the data folder; Kaggle's archive has a folder of each file's name.
    """
    plain = file.name.removesuffix(".gz")
    dotted = plain.replace("-idx", ".idx")
    depth = len(entry.folder.parts)
    is_usual = home.parts[-depth:] == entry.folder.parts
    data_folder = home.parents[depth - 1] if is_usual else home
    for folder in dict.fromkeys((home, home.parent, data_folder / entry.name, data_folder)):
        for name in dict.fromkeys((plain, dotted)):
            yield from (folder / name, folder / name / name, folder / f"{name}.gz")


def _verify_content(path: Path, entry: DatasetSpec, file: DataFile) -> bytes:
    """The unpacked content of the file at `path`. Raises UnusableFileError if it is not that of `file`."""
    size = idx.file_size(entry.count_items(file), images=entry.has_images(file))
    content = idx.decompress(_read(path), size)
    if file.sha256 and hashlib.sha256(content).hexdigest() == file.sha256:
        return content
    raise UnusableFileError(path, _describe_difference(content, size, entry, file), in_place=False)


def _describe_difference(content: bytes, size: int, entry: DatasetSpec, file: DataFile) -> str:
    """What another file is in place of the `file` of `entry`, whose content has `size` bytes."""
    expected = f"{entry.count_items(file):,} {'images' if entry.has_images(file) else 'labels'}"
    found = idx.describe_content(content)
    if not found:
        return "it is not an IDX file, or its compression is broken"
    if found != expected:
        return f"it holds {found}, not {expected}"
    if len(content) < size:
        return f"it is cut off after {len(content):,} of {size:,} bytes"
    if not file.sha256:
        return f"only the archive {file.name} of {entry.name} can be verified, not its unpacked content"
    return f"it holds {found}, but they are not those of {entry.name}"


def _read(path: Path) -> bytes:
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):  # a pipe without a writer would block
            raise DataError(f"{path} cannot be read: it is not a regular file.", remedy="Move it out of the way.")
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
