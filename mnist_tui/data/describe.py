"""The description of a dataset for `data info`, which never fetches one."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from mnist_tui.data import registry
from mnist_tui.data.datasets import draw_dataset, find_source, load_my_digits, parse_dataset
from mnist_tui.data.download import dataset_files
from mnist_tui.data.download.progress import ignore_event
from mnist_tui.data.download.verified_files import FoundFile, UnusableFileError
from mnist_tui.data.registry import DataFile
from mnist_tui.data.types import MY_DIGITS, SYNTHETIC, Dataset, Split
from mnist_tui.errors import DataError
from mnist_tui.events import Report

BLOCK = 8192
"""Images summed at once: their 64-bit squares take 50 MB, those of a whole set would take 376 MB."""


@dataclass(frozen=True)
class FileInfo:
    """One file. `bytes` is None if it is missing; `problem` is empty if it is `verified`."""

    path: str
    md5: str
    bytes: int | None
    verified: bool
    problem: str
    sha256: str = ""
    """The checksum that verified it, if it was that of its content and not the archive's MD5."""


@dataclass(frozen=True)
class SplitInfo:
    """How many images a split has, and how many of each class."""

    images: int
    per_class: tuple[int, ...]


@dataclass(frozen=True)
class DatasetContents:
    """The contents of a dataset. The pixel statistics are those of the training images, scaled to [0, 1]."""

    train: SplitInfo
    test: SplitInfo
    pixel_mean: float
    pixel_deviation: float
    fingerprint: str


@dataclass(frozen=True)
class DatasetInfo:
    """A dataset as `data info` shows it. `contents` is None while a file is missing or damaged."""

    name: str
    source: str
    classes: tuple[str, ...]
    files: tuple[FileInfo, ...]
    contents: DatasetContents | None

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


def describe_dataset(name: str, folder: Path, *, report: Report = ignore_event) -> DatasetInfo:
    """The dataset `name` under the data folder `folder`, as it is: nothing is fetched or written.

    `auto` is MNIST when all of it is there and else the synthetic digits, which are drawn to be counted.
    Raises DataError for an unknown name and for a file that is what it should be but cannot be used.
    """
    if name == "auto":
        return _describe_auto(folder, report)
    if name == MY_DIGITS:
        return _describe_loaded(load_my_digits(folder))
    return _describe_loaded(draw_dataset(report)) if name == SYNTHETIC else _describe_files(name, folder, report)


def _describe_auto(folder: Path, report: Report) -> DatasetInfo:
    with contextlib.suppress(DataError):  # present but unusable: `load_dataset` would draw, with a notice
        info = _describe_files("mnist", folder, report)
        if info.contents:
            return info
    return _describe_loaded(draw_dataset(report))


def _describe_loaded(dataset: Dataset) -> DatasetInfo:
    return DatasetInfo(dataset.name, dataset.source, dataset.classes, (), _describe_contents(dataset))


def _describe_files(name: str, folder: Path, report: Report) -> DatasetInfo:
    entry = registry.get_dataset_spec(name)
    home = folder / entry.folder
    found, unusable = dataset_files.find_files(entry, home, report)
    files = tuple(_describe_file(file, found.get(file) or unusable[file]) for file in entry.files)
    contents = None if unusable else _describe_contents(parse_dataset(entry, home, found))
    return DatasetInfo(name, find_source(home, found), entry.classes, files, contents)


def _describe_file(file: DataFile, result: FoundFile | UnusableFileError) -> FileInfo:
    if isinstance(result, FoundFile):
        sha256 = "" if result.is_original else file.sha256
        return FileInfo(str(result.path), file.md5, result.path.stat().st_size, True, "", sha256)
    size = None if result.is_missing else result.path.stat().st_size
    return FileInfo(str(result.path), file.md5, size, False, result.reason)


def _describe_contents(dataset: Dataset) -> DatasetContents:
    statistics = compute_pixel_statistics(dataset.train.images)
    train, test = (_describe_split(split, len(dataset.classes)) for split in (dataset.train, dataset.test))
    return DatasetContents(train, test, *statistics, dataset.fingerprint)


def _describe_split(split: Split, classes: int) -> SplitInfo:
    return SplitInfo(len(split.labels), tuple(split.labels.bincount(minlength=classes).tolist()))


def compute_pixel_statistics(images: Tensor) -> tuple[float, float]:
    """Mean and standard deviation of all pixels of `images` (uint8), scaled to [0, 1]. Exact sums."""
    total = squares = 0
    for start in range(0, len(images), BLOCK):
        values = images[start : start + BLOCK].long()
        total += int(values.sum())
        squares += int(values.square().sum())
    mean = total / images.numel()
    return mean / 255, math.sqrt(squares / images.numel() - mean**2) / 255
