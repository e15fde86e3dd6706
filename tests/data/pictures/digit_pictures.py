"""Pictures of MNIST's digits as people have them: enlarged, inverted, off-center, on paper, photographed sideways."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
from PIL import Image

from mnist_tui.data.formats.digit_file import DigitPage, UnusableImage, extract_digits

Pixels = npt.NDArray[np.uint8]
SIZE = 300
EXIF_ORIENTATION = 0x0112


def enlarged(image: Pixels, random: np.random.Generator) -> Pixels:
    return np.asarray(Image.fromarray(image).resize((SIZE, SIZE), Image.Resampling.BICUBIC))


def inverted(image: Pixels, random: np.random.Generator) -> Pixels:
    return 255 - enlarged(image, random)


def shifted(image: Pixels, random: np.random.Generator) -> Pixels:
    """By up to 40 pixels, which the border of MNIST's images leaves room for."""
    across, down = random.integers(-40, 41, 2)
    moved = Image.fromarray(enlarged(image, random)).rotate(0, translate=(int(across), int(down)))
    return np.asarray(moved)


def on_paper(image: Pixels, random: np.random.Generator) -> Pixels:
    """Dark on a sheet that is lit from one side, with noise."""
    return _paper(enlarged(image, random), random)


def everything(image: Pixels, random: np.random.Generator) -> Pixels:
    return _paper(shifted(image, random), random)


def _paper(ink: Pixels, random: np.random.Generator) -> Pixels:
    down, across = np.mgrid[-0.5 : 0.5 : ink.shape[0] * 1j, -0.5 : 0.5 : ink.shape[1] * 1j]
    angle = random.uniform(0, 2 * np.pi)
    light = 0.8 + 0.35 * (np.cos(angle) * across + np.sin(angle) * down)
    sheet = 255 * light * (1 - 0.75 * ink / 255) + random.normal(0, 8, ink.shape)
    return np.clip(sheet, 0, 255).astype(np.uint8)


CONDITIONS: Mapping[str, Callable[[Pixels, np.random.Generator], Pixels]] = {
    "enlarged": enlarged,
    "inverted": inverted,
    "shifted": shifted,
    "on paper": on_paper,
    "everything": everything,
}


def saved(picture: Image.Image, format: str = "PNG", **options: object) -> bytes:
    content = io.BytesIO()
    picture.save(content, format, **options)  # type: ignore[arg-type]
    return content.getvalue()


def turned_by_exif(picture: Pixels, orientation: int) -> bytes:
    """A JPEG whose pixels lie on their side, and whose EXIF says how to hold it."""
    undo = {
        1: None,
        3: Image.Transpose.ROTATE_180,
        6: Image.Transpose.ROTATE_90,
        8: Image.Transpose.ROTATE_270,
    }
    image, turn = Image.fromarray(picture), undo[orientation]
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = orientation
    return saved(image.transpose(turn) if turn is not None else image, "JPEG", quality=92, exif=exif)


def digit_of(content: bytes, name: str) -> Pixels:
    """What the network gets of a file that holds one digit, or of the first of several: (28, 28) uint8."""
    (image,) = extract_digits(content, name).images
    if isinstance(image, UnusableImage):
        raise image.error
    return image.lines[0][0].pixels if isinstance(image, DigitPage) else image.pixels
