"""The datasets that can be fetched: files, checksums, mirrors and class names, as torchvision has them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from mnist_tui.data.torchvision_import import datasets
from mnist_tui.errors import DataError

TORCHVISION_NAMES = {"mnist": "MNIST", "fashion-mnist": "FashionMNIST", "kmnist": "KMNIST"}

# torchvision knows one address of Fashion-MNIST; its authors also keep the same files in their repository.
MORE_MIRRORS = {
    "fashion-mnist": (
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ),
}


@dataclass(frozen=True)
class DataFile:
    """One gzip-compressed IDX file and the MD5 sum (32 hexadecimal digits) it must have."""

    name: str
    md5: str


@dataclass(frozen=True)
class Entry:
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


def entry(name: str) -> Entry:
    """What is known of the dataset `name`. Raises DataError for another name and without torchvision."""
    if name not in TORCHVISION_NAMES:
        known = ", ".join((*TORCHVISION_NAMES, "synthetic", "auto"))
        raise DataError(f"There is no dataset called {name!r}.", remedy=f"Choose one of: {known}.")
    known_as = TORCHVISION_NAMES[name]
    theirs = getattr(datasets(), known_as)
    sums = dict(theirs.resources)
    return Entry(
        name=name,
        folder=Path(known_as) / "raw",
        mirrors=(*map(over_https, theirs.mirrors), *MORE_MIRRORS.get(name, ())),
        train_images=_file("train-images-idx3-ubyte.gz", sums),
        train_labels=_file("train-labels-idx1-ubyte.gz", sums),
        test_images=_file("t10k-images-idx3-ubyte.gz", sums),
        test_labels=_file("t10k-labels-idx1-ubyte.gz", sums),
        # MNIST's are "0 - zero": in a table the digit says it.
        classes=tuple(label.partition(" - ")[0] for label in theirs.classes),
    )


def over_https(mirror: str) -> str:
    """`mirror` as an https address.

    torchvision still lists plain http for three hosts. KMNIST's serves the same paths over https; that of
    MNIST's author is only the second choice, so that asking it in vain costs little. A bucket's *website*
    endpoint at Amazon has no TLS; its REST endpoint has, and serves the same objects.
    """
    parts = urlsplit(mirror)
    host = parts.netloc.replace(".s3-website.", ".s3.")
    return parts._replace(scheme="https", netloc=host).geturl()


def _file(name: str, sums: dict[str, str]) -> DataFile:
    return DataFile(name, sums[name])
