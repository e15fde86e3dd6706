"""The verified files of a dataset: found on disk, or fetched if they are missing or damaged."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mnist_tui.data.download.progress import DatasetProgress
from mnist_tui.data.download.verified_files import FoundFile, UnusableFileError, find_verified
from mnist_tui.data.registry import DataFile, DatasetSpec
from mnist_tui.errors import DataError
from mnist_tui.events import Notice, Report

FoundFiles = Mapping[DataFile, FoundFile]


def load_files(entry: DatasetSpec, home: Path, report: Report) -> FoundFiles:
    """Each file of `entry`, which belongs in the folder `home`, fetched first if needed.

    Nothing is written unless a fetch is needed, so a read-only folder works. A damaged file is fetched
    again. Raises DataError when a file is not available.
    """
    found, unusable = find_files(entry, home, report)
    if not unusable:
        return found
    damaged = [error for error in unusable.values() if not error.is_missing]
    for error in damaged:
        again = "it again" if error.in_place else "the archive"
        report(Notice(topic="data", message=f"{error.description}. Fetching {again}."))
    _fetch_files(entry, home, damaged, report)
    return {file: find_verified(entry, home, file) for file in entry.files}


def find_files(
    entry: DatasetSpec, home: Path, report: Report
) -> tuple[FoundFiles, Mapping[DataFile, UnusableFileError]]:
    """The verified files of `entry`, and the problems of the others."""
    found: dict[DataFile, FoundFile] = {}
    unusable: dict[DataFile, UnusableFileError] = {}
    for file in entry.files:
        try:
            found[file] = one = find_verified(entry, home, file)
        except UnusableFileError as error:
            unusable[file] = error
        else:
            size = len(one.content)
            DatasetProgress(report, entry.name, "checking", one.path.name, "bytes", size)(size)
    return found, unusable


def _fetch_files(entry: DatasetSpec, home: Path, damaged: list[UnusableFileError], report: Report) -> None:
    # The network libraries take a moment to load, and are not needed if the files are present.
    from mnist_tui.data.download.mirrors import fetch_dataset

    try:
        fetch_dataset(entry, home, report=report)
    except DataError as error:
        if not damaged:
            raise
        what = "; ".join(file.description for file in damaged)
        if all(file.in_place for file in damaged):
            again, remedy = "fetched again", "Delete it, or fetch it again"
        else:
            again, remedy = "fetched", "Fetch the archive"
        raise DataError(
            f"{what}. It could not be {again}: {error}",
            remedy=f"{remedy} with `mnist-tui data fetch {entry.name}`. {error.remedy}",
        ) from error
