"""The digits in a file that a person brings: one of a picture, or one for each row of a table or entry of an array."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mnist_tui.data import digit_image, grid, picture_file
from mnist_tui.data.digit_image import Pixels
from mnist_tui.errors import NoDigitError, PictureError

Box = tuple[int, int, int, int]
"""Left, top, right and bottom, in pixels of the picture; the last two are one past the digit."""


@dataclass(frozen=True, eq=False)
class DigitImage:
    """One digit as the network gets it: `pixels` is (28, 28) uint8, 255 is full ink on 0, paper."""

    pixels: Pixels
    index: int | None = None
    """Its number in a file of several images, from 0; None where the file is this one image."""
    place: str = ""
    """Where in the file it is, in the words of its format: `row 3`."""
    label: int | None = None
    """The class that the file says it is of."""
    box: Box | None = None
    """Where in the picture it was found, if the picture may hold several."""


@dataclass(frozen=True, eq=False)
class UnusableImage:
    """One image of a file of several that cannot be answered; the others can."""

    error: PictureError
    index: int | None = None
    place: str = ""


@dataclass(frozen=True, eq=False)
class DigitFile:
    """All images of a file, in its order. `remarks` are sentences about how the file was understood."""

    images: Sequence[DigitImage | UnusableImage]
    remarks: Sequence[str] = ()


def read_digits(name: str) -> DigitFile:
    """The digits of the file called `name`, or of standard input.

    Raises PictureError, which names the file, where it cannot be used, and NoDigitError where nothing is on it.
    """
    shown = "standard input" if name == picture_file.STDIN else name
    return digits_of(picture_file.content_of(name), shown)


def digits_of(content: bytes, name: str) -> DigitFile:
    """The digits of a file with this `content`; `name` is what errors call it."""
    try:
        return DigitFile(_images(content))
    except NoDigitError as error:
        raise NoDigitError(f"{name}: {error}", remedy=error.remedy) from error
    except PictureError as error:
        raise PictureError(f"{name} {error}", remedy=error.remedy) from error


def _images(content: bytes) -> list[DigitImage]:
    picture = grid.parse(content) if grid.is_grid(content) else picture_file.decoded(content)
    return [DigitImage(digit_image.from_picture(picture))]
