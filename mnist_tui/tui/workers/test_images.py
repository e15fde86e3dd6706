"""Test images on their way to the canvas, and drawings on theirs to `my-digits`: what takes a moment, in threads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from textual.message import Message

from mnist_tui.errors import ConfigError, NoDigitError
from mnist_tui.events import RunFailed
from mnist_tui.tui.widgets.drawing.canvas import PICTURE, Drawing
from mnist_tui.tui.workers.digit_reader import Pixels, pixels_of

if TYPE_CHECKING:
    from mnist_tui.data.types import TestSet


@dataclass(frozen=True)
class TestImageQuery:
    """Which test image: that of a number, the next one of a digit, or simply the next."""

    number: int | None = None
    digit: int | None = None


@dataclass(frozen=True)
class TestImageRequest:
    """A wish, of which dataset, and which image was the last."""

    dataset: str
    wish: TestImageQuery
    last: int | None


class TestImageFound(Message):
    """The image, or why there is none."""

    def __init__(
        self, number: int = 0, pixels: Pixels | None = None, words: str = "", failed: RunFailed | None = None
    ) -> None:
        super().__init__()
        self.number, self.words, self.failed = number, words, failed
        self.pixels = np.zeros((PICTURE, PICTURE), np.uint8) if pixels is None else pixels


class DigitSaved(Message):
    """How many there are now, or why it was not kept."""

    def __init__(self, digit: int, count: int = 0, failed: RunFailed | None = None) -> None:
        super().__init__()
        self.digit, self.count, self.failed = digit, count, failed


def parse_query(text: str) -> TestImageQuery:
    """`7` is the next seven, `#7` or `#1234` the image of that number. Raises ValueError for anything else."""
    found = re.fullmatch(r"\s*(#?)\s*(\d{1,6})\s*", text, re.ASCII)
    if found is None:
        raise ValueError(text)
    number = int(found[2])
    return TestImageQuery(number=number) if found[1] or number > 9 else TestImageQuery(digit=number)


class TestImageFinder:
    """Finds test images. For one thread, which reads the dataset once."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._dataset = ""
        self._images: TestSet | None = None

    def find(self, wanted: TestImageRequest) -> TestImageFound:
        """Whatever goes wrong is in the message."""
        try:
            images = self._test_images(wanted.dataset)
            number = _number(images, wanted)
            pixels, label = images.split.images[number, 0].numpy().copy(), int(images.split.labels[number])
            return TestImageFound(number, pixels, f"Test image {number:,} · labelled {images.classes[label]}")
        except Exception as error:  # a thread has nobody else to tell
            return TestImageFound(failed=RunFailed.from_error(error))

    def _test_images(self, dataset: str) -> TestSet:
        from mnist_tui.data.datasets import load_test_set

        if self._images is None or dataset != self._dataset:
            self._images = load_test_set(dataset, self._data_dir, trained_on=dataset)
            self._dataset = dataset
        return self._images


def _number(images: TestSet, wanted: TestImageRequest) -> int:
    labels, wish = images.split.labels, wanted.wish
    if wish.number is not None:
        if wish.number >= len(labels):
            raise ConfigError(
                f"{images.name} has no test image {wish.number:,}",
                remedy=f"They are numbered from 0 to {len(labels) - 1:,}.",
            )
        return wish.number
    after = -1 if wanted.last is None else wanted.last
    if wish.digit is None:
        return (after + 1) % len(labels)
    numbers: list[int] = (labels == wish.digit).nonzero().flatten().tolist()
    if not numbers:
        raise ConfigError(f"{images.name} has no test image of a {wish.digit}", remedy="Try another digit.")
    return next((number for number in numbers if number > after), numbers[0])


def save_digit(data_dir: Path, drawing: Drawing, digit: int) -> DigitSaved:
    """Add the drawing to `my-digits`, as the network got it."""
    try:
        from mnist_tui.data import my_digits

        pixels = pixels_of(drawing)
        if pixels is None:
            raise NoDigitError("nothing is drawn")
        return DigitSaved(digit, my_digits.add_digit(data_dir, pixels, digit))
    except Exception as error:  # a thread has nobody else to tell
        return DigitSaved(digit, failed=RunFailed.from_error(error))
