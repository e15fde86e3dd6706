"""Test images in memory: whole sets for evaluation, single ones for the canvas; and drawings added to `my-digits`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from textual.message import Message

from mnist_tui.errors import ConfigError, NoDigitError
from mnist_tui.events import RunFailed
from mnist_tui.tui.workers.latest_worker import WorkerResult

if TYPE_CHECKING:
    from mnist_tui.data.types import TestSet
    from mnist_tui.tui.canvas import Drawing, Pixels


@dataclass(frozen=True)
class ImageQuery:
    """Which test image: that of a number, the next one of a digit, or simply the next."""

    number: int | None = None
    digit: int | None = None


@dataclass(frozen=True)
class ImageRequest:
    """A query, the dataset to search, and the number of the image that was found last."""

    dataset: str
    query: ImageQuery
    last: int | None


@dataclass(frozen=True, eq=False)
class FoundImage:
    """A test image: its number, (28, 28) uint8, the index of its class, and a caption."""

    number: int
    pixels: Pixels
    label: int
    caption: str


class ImageFound(WorkerResult[ImageRequest, FoundImage]):
    """From the thread that looks for test images."""


class TestImages:
    """Keeps the test images of one dataset from one request to the next. For one thread."""

    __test__ = False  # pytest takes its name for a test's

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._key: tuple[str, str] | None = None
        self._test_set: TestSet | None = None

    def load(self, dataset: str, *, trained_on: str = "") -> TestSet:
        """Of `dataset`, for a network that was trained on `trained_on`, or on the same where that is empty.

        Drawings are read again each time, as some may have been added. Raises DataError.
        """
        from mnist_tui.data.datasets import load_test_set
        from mnist_tui.data.types import MY_DIGITS

        key = (dataset, trained_on or dataset)
        if self._test_set is None or key != self._key or dataset == MY_DIGITS:
            self._test_set, self._key = load_test_set(dataset, self._data_dir, trained_on=key[1]), key
        return self._test_set

    def find(self, request: ImageRequest) -> FoundImage:
        """One image. Raises DataError, and ConfigError where there is no such image."""
        test_set = self.load(request.dataset)
        number = _find_number(test_set, request)
        label = int(test_set.split.labels[number])
        pixels = test_set.split.images[number, 0].numpy().copy()
        return FoundImage(number, pixels, label, f"Test image {number:,} · label {test_set.classes[label]}")


class DigitSaved(Message):
    """How many drawings there are now, or why this one was not saved."""

    def __init__(self, digit: int, count: int = 0, failed: RunFailed | None = None) -> None:
        super().__init__()
        self.digit, self.count, self.failed = digit, count, failed


def parse_query(text: str) -> ImageQuery:
    """`7` is the next seven, `#7` or `#1234` the image of that number. Raises ValueError for anything else."""
    found = re.fullmatch(r"\s*(#?)\s*(\d{1,6})\s*", text, re.ASCII)
    if found is None:
        raise ValueError(text)
    number = int(found[2])
    return ImageQuery(number=number) if found[1] or number > 9 else ImageQuery(digit=number)


def _find_number(images: TestSet, request: ImageRequest) -> int:
    labels, query = images.split.labels, request.query
    if query.number is not None:
        if query.number >= len(labels):
            raise ConfigError(
                f"{images.name} has no test image {query.number:,}",
                remedy=f"They are numbered from 0 to {len(labels) - 1:,}.",
            )
        return query.number
    after = -1 if request.last is None else request.last
    if query.digit is None:
        return (after + 1) % len(labels)
    numbers: list[int] = (labels == query.digit).nonzero().flatten().tolist()
    if not numbers:
        raise ConfigError(f"{images.name} has no test image of a {query.digit}", remedy="Try another digit.")
    return next((number for number in numbers if number > after), numbers[0])


def save_digit(data_dir: Path, drawing: Drawing, digit: int) -> DigitSaved:
    """Add the drawing to `my-digits`, as a network gets it. Never raises: the message says what went wrong."""
    try:
        from mnist_tui.data import my_digits
        from mnist_tui.tui.workers.digit_reader import to_pixels

        pixels = to_pixels(drawing)
        if pixels is None:
            raise NoDigitError("nothing is drawn")
        return DigitSaved(digit, my_digits.add_digit(data_dir, pixels, digit))
    except Exception as error:  # nothing else would show it
        return DigitSaved(digit, failed=RunFailed.from_error(error))
