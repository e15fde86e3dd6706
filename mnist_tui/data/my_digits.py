"""The dataset `my-digits`: the user's own drawings with their labels, two small IDX files in the data folder."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mnist_tui.config import IMAGE_SIZE
from mnist_tui.data.formats import idx
from mnist_tui.data.types import DIGITS, MY_DIGITS, Split
from mnist_tui.errors import DataError
from mnist_tui.system import atomic_file, regular_file
from mnist_tui.system.file_lock import FileLock
from mnist_tui.system.regular_file import UnsafeFileError

FOLDER = Path("MyDigits")
IMAGES, LABELS = "images-idx3-ubyte", "labels-idx1-ubyte"
MIN_TO_TRAIN = 50
# One of this many drawings of each class is for testing.
_TEST_EVERY = 5
# Far more than a user draws; a larger file is not one of these.
_MAX_BYTES = 64 * 2**20


def add_digit(folder: Path, image: npt.NDArray[np.uint8], label: int) -> int:
    """Add a drawing, (28, 28) uint8 with 255 for full ink, to those in the data folder `folder`; return their number.

    Whenever this is interrupted, the files contain all earlier drawings. Raises DataError if they cannot be written.
    """
    if image.shape != (IMAGE_SIZE, IMAGE_SIZE) or image.dtype != np.uint8:
        raise ValueError(f"a drawing is (28, 28) uint8, not {image.shape} {image.dtype}")
    if not 0 <= label < len(DIGITS):
        raise ValueError(f"a digit is 0 to 9, not {label}")
    home = folder / FOLDER
    with _explain_disk_errors(home), FileLock(home / ".lock"):
        known = _read_split(home)
        images = torch.cat([known.images[:, 0], torch.from_numpy(image.copy())[None]])
        labels = torch.cat([known.labels.to(torch.uint8), torch.tensor([label], dtype=torch.uint8)])
        # The labels last, because they are read first: a reader that sees a new label sees its image too, and an image
        # without a label, which a kill in between leaves, is ignored.
        atomic_file.write_bytes(home / IMAGES, idx.to_idx(images))
        atomic_file.write_bytes(home / LABELS, idx.to_idx(labels))
    return len(labels)


def load_all(folder: Path) -> Split:
    """Every drawing, the oldest first. Raises DataError if there is none, or if a file is damaged."""
    split = _read_split(folder / FOLDER)
    if not len(split.labels):
        raise DataError(
            f"there are no digits of your own in {folder / FOLDER} yet",
            remedy="Draw some on the dashboard's Draw screen and label them.",
        )
    return split


def load_splits(folder: Path) -> tuple[Split, Split]:
    """All drawings as training and test images. A drawing stays in its split when others are added.

    Raises DataError if there are too few to train on.
    """
    everything = load_all(folder)
    if (count := len(everything.labels)) < MIN_TO_TRAIN:
        raise DataError(
            f"{MY_DIGITS} has {count} drawing{'' if count == 1 else 's'}; training takes at least {MIN_TO_TRAIN}",
            remedy="Draw more; or train on mnist, and evaluate on these with `mnist-tui eval --dataset my-digits`.",
        )
    is_test = _choose_test(everything.labels)
    return everything.select(~is_test), everything.select(is_test)


def _choose_test(labels: Tensor) -> Tensor:
    """Every fifth drawing of each class."""
    one_hot = torch.nn.functional.one_hot(labels, len(DIGITS))
    number = (one_hot.cumsum(0) * one_hot).sum(1)  # from 1, within its class
    return number % _TEST_EVERY == 0


def _read_split(home: Path) -> Split:
    labels = _read_values(home / LABELS, ())
    images = _read_values(home / IMAGES, (IMAGE_SIZE, IMAGE_SIZE))
    count = min(len(images), len(labels))
    if count and int(labels.max()) >= len(DIGITS):
        raise DataError(
            f"{home / LABELS} is damaged: it has the label {int(labels.max())}.",
            remedy="Move it to another folder.",
        )
    return Split(images[:count, None], labels[:count].long())


def _read_values(path: Path, item: tuple[int, ...]) -> Tensor:
    content = _read_content(path)
    return idx.parse_uncompressed(content, item, path) if content else torch.zeros(0, *item, dtype=torch.uint8)


def _read_content(path: Path) -> bytes:
    """Empty if there is no file."""
    try:
        return regular_file.read_bytes(path, _MAX_BYTES)
    except FileNotFoundError:
        return b""
    except UnsafeFileError as error:
        raise DataError(f"{path} is damaged: {error.strerror}", remedy="Move it to another folder.") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}", remedy="Check its permissions.") from error


@contextlib.contextmanager
def _explain_disk_errors(home: Path) -> Iterator[None]:
    try:
        home.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise DataError(
            f"{error.filename or home} cannot be written: {error.strerror}",
            remedy="Choose another folder with --data-dir.",
        ) from error
