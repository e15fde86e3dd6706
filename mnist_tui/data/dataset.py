"""`load(name, folder)`: a dataset as resident tensors, from disk, from the network, or drawn."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from mnist_tui.data import catalogue, files, idx
from mnist_tui.data.catalogue import Entry
from mnist_tui.errors import DataError
from mnist_tui.events import DataProgress, Event, Notice

TRAIN_COUNT, TEST_COUNT = 60_000, 10_000
TRAIN_SEED, TEST_SEED = 1, 2
DIGITS = tuple("0123456789")


@dataclass(frozen=True, eq=False)
class Split:
    """`images` (N, 1, 28, 28) uint8, 0 is paper and 255 full ink; `labels` (N,) int64."""

    images: Tensor
    labels: Tensor


@dataclass(frozen=True, eq=False)
class Dataset:
    """Two splits and where they came from. `fingerprint` changes with any pixel or label."""

    name: str
    train: Split
    test: Split
    classes: tuple[str, ...]
    source: str
    fingerprint: str


def ignore(event: Event) -> None:
    """A `report` for whoever does not want to hear."""


def load(name: str, folder: Path, *, report: Callable[[Event], None] = ignore) -> Dataset:
    """The dataset `name` (mnist, fashion-mnist, kmnist, synthetic or auto) under the data folder `folder`.

    `auto` is MNIST where it can be had and else drawn digits, with a notice; the result's `name` says which.
    Raises DataError when a named dataset is not to be had.
    """
    if name == "auto":
        return _mnist_or_drawn(folder, report)
    return _drawn(report) if name == "synthetic" else _fetched(catalogue.entry(name), folder, report)


def _mnist_or_drawn(folder: Path, report: Callable[[Event], None]) -> Dataset:
    try:
        return _fetched(catalogue.entry("mnist"), folder, report)
    except DataError as error:
        message = f"MNIST is not to be had, so this uses drawn digits (synthetic) instead. {error}"
        report(Notice(topic="data", message=message))
    return _drawn(report)


def _fetched(entry: Entry, folder: Path, report: Callable[[Event], None]) -> Dataset:
    home = folder / entry.folder
    content = {file: files.read_verified(home, file) for file in entry.files}
    classes = len(entry.classes)

    def split(images: catalogue.DataFile, labels: catalogue.DataFile, count: int) -> Split:
        return Split(
            idx.images(content[images], count, str(home / images.name)),
            idx.labels(content[labels], count, classes, str(home / labels.name)),
        )

    train = split(entry.train_images, entry.train_labels, entry.train_count)
    test = split(entry.test_images, entry.test_labels, entry.test_count)
    return Dataset(entry.name, train, test, entry.classes, str(home), _fingerprint(train, test))


def _drawn(report: Callable[[Event], None]) -> Dataset:
    # Its tables take a moment to load, and whoever has MNIST never needs them.
    from mnist_tui.data.synthetic import draw

    def split(item: str, count: int, seed: int) -> Split:
        def progress(done: int) -> None:
            report(
                DataProgress(
                    dataset="synthetic", stage="drawing", item=item, done=done, total=count, unit="images"
                )
            )

        return Split(*draw(count, seed, progress=progress))

    train = split("train", TRAIN_COUNT, TRAIN_SEED)
    test = split("test", TEST_COUNT, TEST_SEED)
    return Dataset("synthetic", train, test, DIGITS, "drawn by mnist-tui", _fingerprint(train, test))


def _fingerprint(*splits: Split) -> str:
    """16 hexadecimal digits of the SHA-256 of all pixels and labels."""
    sha = hashlib.sha256()
    for split in splits:
        sha.update(split.images.numpy().data)
        sha.update(split.labels.numpy().data)
    return sha.hexdigest()[:16]
