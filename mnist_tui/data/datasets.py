"""Loading a dataset as tensors: from disk, from its mirrors, or drawn."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from mnist_tui.data import my_digits, registry
from mnist_tui.data.download import dataset_files
from mnist_tui.data.download.progress import DatasetProgress, ignore_event
from mnist_tui.data.formats import idx, number_file
from mnist_tui.data.registry import DataFile, DatasetSpec
from mnist_tui.data.types import DIGITS, MY_DIGITS, SYNTHETIC, Dataset, Split, TestSet
from mnist_tui.errors import DataError, PictureError
from mnist_tui.events import Notice, Report

SplitName = Literal["train", "test"]


def load_dataset(name: str, folder: Path, *, report: Report = ignore_event) -> Dataset:
    """The dataset `name` (mnist, fashion-mnist, kmnist, synthetic, my-digits or auto) under the data folder `folder`.

    `auto` is MNIST if it is available, otherwise drawn digits, with a notice; the result's `name` says which.
    `report` receives progress and notices, and may raise to abort. Raises DataError if a named dataset is not
    available.
    """
    if name == "auto":
        return _load_mnist_or_draw(folder, report)
    if name == MY_DIGITS:
        return load_my_digits(folder)
    return draw_dataset(report) if name == SYNTHETIC else _load_registered(name, folder, report)


def load_test_set(name: str, folder: Path, *, trained_on: str, report: Report = ignore_event) -> TestSet:
    """The test images of the dataset `name` for a network that was trained on the dataset `trained_on`.

    Of `my-digits` these are all drawings, unless the network was trained on some. Raises as `load_dataset` does.
    """
    if name == MY_DIGITS and trained_on != MY_DIGITS:
        return TestSet(MY_DIGITS, my_digits.load_all(folder), DIGITS)
    if name == SYNTHETIC:
        return TestSet(SYNTHETIC, _draw_split("test", report), DIGITS)
    dataset = load_dataset(name, folder, report=report)
    return TestSet(dataset.name, dataset.test, dataset.classes)


def load_labeled_file(path: Path, classes: Sequence[str], *, report: Report = ignore_event) -> TestSet:
    """The images of a user's file with its labels, which are indices into `classes`.

    How the file was interpreted is passed to `report`. Raises DataError, which names the file, if it cannot be used.
    """
    try:
        file = number_file.read_number_file(path)
    except PictureError as error:
        raise DataError(str(error), remedy=error.remedy) from error
    for remark in file.remarks:
        report(Notice(topic="data", message=f"{path}: {remark}"))
    if file.labels is None:
        raise DataError(
            f"{path} holds {len(file.pixels):,} images without labels",
            remedy="Read them with `mnist-tui predict`, or add a column or an array of labels.",
        )
    if (highest := int(file.labels.max())) >= len(classes):
        where = file.locate(int(file.labels.argmax()))
        raise DataError(
            f"{path} holds the label {highest} at {where}, but there are only {len(classes)} classes",
            remedy=f"Labels are 0 to {len(classes) - 1}.",
        )
    split = Split(torch.from_numpy(file.pixels)[:, None], torch.from_numpy(file.labels))
    return TestSet(str(path), split, tuple(classes))


def _load_mnist_or_draw(folder: Path, report: Report) -> Dataset:
    try:
        return _load_registered("mnist", folder, report)
    except DataError as error:
        message = f"MNIST could not be downloaded: training on synthetic digits instead. {error}"
        report(Notice(topic="data", message=message, severity="decisive"))
    return draw_dataset(report)


def _load_registered(name: str, folder: Path, report: Report) -> Dataset:
    entry = registry.get_dataset_spec(name)
    home = folder / entry.folder
    return parse_dataset(entry, home, dataset_files.load_files(entry, home, report))


def parse_dataset(entry: DatasetSpec, home: Path, contents: dataset_files.FoundFiles) -> Dataset:
    """The dataset in `contents`, the verified files of `entry`, which belong in the folder `home`; or DataError."""

    def split(images: DataFile, labels: DataFile, count: int) -> Split:
        return Split(
            idx.parse_images(contents[images].content, count, contents[images].path),
            idx.parse_labels(contents[labels].content, count, len(entry.classes), contents[labels].path),
        )

    train = split(entry.train_images, entry.train_labels, entry.train_count)
    test = split(entry.test_images, entry.test_labels, entry.test_count)
    return Dataset(
        entry.name, train, test, entry.classes, find_source(home, contents), compute_fingerprint(train, test)
    )


def find_source(home: Path, contents: dataset_files.FoundFiles) -> str:
    """The folder of the files; `home` if they are in several folders, or in none."""
    folders = {found.path.parent for found in contents.values()}
    return str(folders.pop() if len(folders) == 1 else home)


def load_my_digits(folder: Path) -> Dataset:
    """The user's own drawings in the data folder `folder`. Raises DataError if there are too few to train on."""
    train, test = my_digits.load_splits(folder)
    return Dataset(MY_DIGITS, train, test, DIGITS, str(folder / my_digits.FOLDER), compute_fingerprint(train, test))


def draw_dataset(report: Report = ignore_event) -> Dataset:
    """The synthetic dataset, always the same: as many images as MNIST has."""
    from mnist_tui.data.synthetic import background

    wait = _drawing_progress("train", report)
    early = background.take_result(on_wait=lambda: wait(0))
    train, test = map(_to_split, early) if early else (_draw_split("train", report), _draw_split("test", report))
    return Dataset(SYNTHETIC, train, test, DIGITS, "drawn by mnist-tui", compute_fingerprint(train, test))


def _draw_split(part: SplitName, report: Report) -> Split:
    # The skeletons take a moment to load, and are not needed for other datasets.
    from mnist_tui.data.synthetic import PARTS, draw_digits

    meter = _drawing_progress(part, report)
    meter(0)
    return _to_split(draw_digits(*PARTS[part], progress=meter))


def _drawing_progress(part: SplitName, report: Report) -> DatasetProgress:
    from mnist_tui.data.synthetic import PARTS

    return DatasetProgress(report, SYNTHETIC, "drawing", part, "images", PARTS[part][0])


def _to_split(drawn: tuple[NDArray[np.uint8], NDArray[np.int64]]) -> Split:
    images, labels = drawn
    return Split(torch.from_numpy(images), torch.from_numpy(labels))


def compute_fingerprint(*splits: Split) -> str:
    """16 hexadecimal digits of the SHA-256 of all pixels and labels."""
    sha = hashlib.sha256()
    for split in splits:
        sha.update(split.images.numpy().data)
        sha.update(split.labels.numpy().data)
    return sha.hexdigest()[:16]
