"""The datasets that can be fetched: files, checksums, mirrors and class names.

They are torchvision's, from `torchvision.datasets`; a test compares the two. Asking torchvision itself would take
more than a second at every start: its import brings torch's compiler with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mnist_tui.errors import DataError


@dataclass(frozen=True)
class DataFile:
    """One gzip-compressed IDX file and the MD5 sum (32 hexadecimal digits) it must have."""

    name: str
    md5: str
    sha256: str = ""
    """The checksum of its unpacked content, which identifies an unpacked file; empty if none is known."""


@dataclass(frozen=True)
class DatasetSpec:
    """A dataset of four files: `folder` is relative to the data folder, `mirrors` end in a slash."""

    name: str
    folder: Path
    mirrors: tuple[str, ...]
    train_images: DataFile
    train_labels: DataFile
    test_images: DataFile
    test_labels: DataFile
    classes: tuple[str, ...]
    train_count: int = 60_000
    test_count: int = 10_000

    @property
    def files(self) -> tuple[DataFile, ...]:
        """All four files, the small ones last."""
        return (self.train_images, self.test_images, self.train_labels, self.test_labels)

    def count_items(self, file: DataFile) -> int:
        return self.train_count if file in (self.train_images, self.train_labels) else self.test_count

    def has_images(self, file: DataFile) -> bool:
        """Whether it has images rather than labels."""
        return file in (self.train_images, self.test_images)


Checksums = tuple[str, str, str, str]
"""Of training images and labels, then of test images and labels."""
_FILES = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")


def _make_spec(
    name: str, folder: str, mirrors: tuple[str, ...], sums: Checksums, classes: str, contents: Checksums = ("",) * 4
) -> DatasetSpec:
    """`sums` are the archives' MD5, `contents` the SHA-256 of their contents; `classes` are separated by commas."""
    images, labels, test_images, test_labels = (
        DataFile(f"{file}-ubyte.gz", *hashes) for file, *hashes in zip(_FILES, sums, contents, strict=True)
    )
    home, names = Path(folder) / "raw", tuple(classes.split(", "))
    return DatasetSpec(name, home, mirrors, images, labels, test_images, test_labels, names)


DATASETS: Mapping[str, DatasetSpec] = {
    spec.name: spec
    for spec in (
        _make_spec(
            "mnist",
            "MNIST",
            # That of MNIST's author comes last: it has not always been available.
            ("https://ossci-datasets.s3.amazonaws.com/mnist/", "https://yann.lecun.com/exdb/mnist/"),
            (
                "f68b3c2dcbeaaa9fbdd348bbdeb94873",
                "d53e105ee54ea40749a09fcbcd1e9432",
                "9fb629c4189551a2d022fa330f9573f3",
                "ec29112dd5afa0611ce80d1b7f02629c",
            ),
            "0, 1, 2, 3, 4, 5, 6, 7, 8, 9",
            (
                "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
            ),
        ),
        _make_spec(
            "fashion-mnist",
            "FashionMNIST",
            (
                # torchvision has the bucket's website, which speaks no TLS; this is the same bucket.
                "https://fashion-mnist.s3.eu-central-1.amazonaws.com/",
                # Its authors keep the same files in their repository.
                "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
            ),
            (
                "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
                "25c81989df183df01b3e8a0aad5dffbe",
                "bef4ecab320f06d8554ea6380940ec79",
                "bb300cfdad3c16e7a12a480ee83cd310",
            ),
            "T-shirt/top, Trouser, Pullover, Dress, Coat, Sandal, Shirt, Sneaker, Bag, Ankle boot",
        ),
        _make_spec(
            "kmnist",
            "KMNIST",
            ("https://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
            (
                "bdb82020997e1d708af4cf47b453dcf7",
                "e144d726b3acfaa3e44228e80efcd344",
                "5c965bf0a639b31b8f53240b1b52f4d7",
                "7320c461ea6c1c855c0b718fb2a4b134",
            ),
            "o, ki, su, tsu, na, ha, ma, ya, re, wo",
        ),
    )
}


def get_dataset_spec(name: str) -> DatasetSpec:
    """The spec of the dataset `name`. Raises DataError for an unknown name."""
    if name not in DATASETS:
        known = ", ".join((*DATASETS, "synthetic", "auto"))
        raise DataError(f"There is no dataset called {name!r}.", remedy=f"Choose one of: {known}.")
    return DATASETS[name]
