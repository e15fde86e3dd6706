"""The digits in a user's file: all in a picture, or one per row of a table or entry of an array."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mnist_tui.data.formats import input_file, number_file
from mnist_tui.data.formats.input_file import prepend_name
from mnist_tui.data.formats.labeled_images import LabeledImages
from mnist_tui.data.pictures import picture_file
from mnist_tui.data.pictures.mnist_format import Pixels
from mnist_tui.data.pictures.picture_file import Picture
from mnist_tui.errors import NoDigitError, PictureError

if TYPE_CHECKING:
    from mnist_tui.data.pictures.reading import Digit

Box = tuple[int, int, int, int]
"""Left, top, width and height, in pixels of the upright picture."""


@dataclass(frozen=True, eq=False)
class DigitImage:
    """One digit as the network's input: `pixels` is (28, 28) uint8, 255 is full ink on 0, paper."""

    pixels: Pixels
    index: int | None = None
    """Its index in a file of several images; None if the file is this one image."""
    place: str = ""
    """Its place in the file, in the terms of its format: `row 3`."""
    label: int | None = None
    """Its label in the file."""
    box: Box | None = None
    """Its box in the picture."""
    others: tuple[Pixels, ...] = ()
    """Inputs from slightly different readings of the picture, whose prediction should be the same."""


@dataclass(frozen=True, eq=False)
class DigitPage:
    """A picture with several digits on it: lines of them from top to bottom, each from left to right."""

    lines: tuple[tuple[DigitImage, ...], ...]


@dataclass(frozen=True, eq=False)
class UnusableImage:
    """An image of a file that cannot be classified; the others can."""

    error: PictureError
    index: int | None = None
    place: str = ""


@dataclass(frozen=True, eq=False)
class DigitFile:
    """All images of a file, in its order. `remarks` are sentences about how the file was understood."""

    images: Sequence[DigitImage | DigitPage | UnusableImage]
    remarks: Sequence[str] = ()


def read_digits(name: str) -> DigitFile:
    """The digits of the file called `name`, or of standard input.

    Raises PictureError, which names the file, if it cannot be used, and NoDigitError if it contains no digit.
    """
    return extract_digits(input_file.read_input(name, number_file.max_bytes), input_file.display_name(name))


def extract_digits(content: bytes, name: str) -> DigitFile:
    """The digits of a file with this `content`; `name` is its name in errors."""
    with prepend_name(name):
        if number_file.is_number_file(content, name):
            return _read_numbers(number_file.parse_number_file(content), name)
        return _read_picture(picture_file.decode_picture(content), name)


def _read_picture(picture: Picture, name: str) -> DigitFile:
    from mnist_tui.data.pictures.reading import read  # imports OpenCV

    reading = read(picture.pixels)
    scales = [whole / part for whole, part in zip(picture.size, picture.pixels.shape[1::-1], strict=True)]

    def image_of(digit: Digit) -> DigitImage:
        left, top, width, height = (round(value * scales[axis % 2]) for axis, value in enumerate(digit.box))
        return DigitImage(digit.pixels, box=(left, top, width, height), others=digit.others)

    lines = tuple(tuple(image_of(digit) for digit in line) for line in reading.lines)
    found = lines[0][0] if len(reading.digits) == 1 else DigitPage(lines)
    return DigitFile([found], [f"{name} has several pages; only the first was read"] if picture.has_more_pages else [])


def _read_numbers(file: LabeledImages, name: str) -> DigitFile:
    """A single image is processed like a picture; several are a dataset, whose images are used unchanged."""
    remarks = [f"{name}: {remark}" for remark in file.remarks]
    labels = [None] * len(file.pixels) if file.labels is None else file.labels.tolist()
    if len(file.pixels) == 1:
        from mnist_tui.data.pictures.reading import read_largest_digit  # imports OpenCV

        return DigitFile([DigitImage(read_largest_digit(file.pixels[0]), label=labels[0])], remarks)
    images = [
        _check_image(pixels, index, file.locate(index), label, name)
        for index, (pixels, label) in enumerate(zip(file.pixels, labels, strict=True))
    ]
    return DigitFile(images, remarks)


def _check_image(pixels: Pixels, index: int, place: str, label: int | None, name: str) -> DigitImage | UnusableImage:
    if pixels.min() == pixels.max():
        error = NoDigitError(f"{name}, {place}: there is no digit on it", remedy="Leave it out.")
        return UnusableImage(error, index, place)
    return DigitImage(pixels, index, place, label)
