"""From ink to an image like those of MNIST: (28, 28) uint8, 255 is full ink on 0, paper.

MNIST's makers fitted each digit into 20×20 pixels, keeping its proportions, and moved its center of mass to the
center of 28×28 (http://yann.lecun.com/exdb/mnist). The same is done here, and the width of the strokes is normalized.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from mnist_tui.config import IMAGE_SIZE
from mnist_tui.errors import NoDigitError

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

BOX = 20
# The center of mass of MNIST's images, with pixel centers at whole numbers: half a pixel right of and below the
# middle, 13.5. It is within half a pixel of it in all of them.
CENTER = 14
# What counts as part of the digit when its box is measured: less is the blur around it.
_EDGE = 0.25
# A digit is processed at this many times its final resolution, so that widths and positions are exact.
_FINE = 5
# Widths of strokes in MNIST, in its pixels: nearly all lie between the first and the last, and most between the
# two in the middle, to which what lies outside is brought.
_THINNEST, _THIN, _THICK, _THICKEST = 1.7, 2.2, 4.2, 5.5


def canvas_to_mnist(canvas: npt.NDArray[np.generic]) -> Pixels:
    """The network's input for a drawing: (H, W), 0 is paper, full ink is 1 in floats and 255 in uint8.

    One that is like MNIST's is returned unchanged. Takes a millisecond. Raises NoDigitError if it is blank.
    """
    ink = _to_ink(canvas)
    if ink.size == 0 or float(ink.max()) <= _EDGE:
        raise NoDigitError("there is no digit on it", remedy="Draw one, larger or darker.")
    if ink.shape == (IMAGE_SIZE, IMAGE_SIZE) and _is_mnist_sized(ink):
        return _center(ink)
    fine = _enlarge(ink)
    fine = _normalize_strokes(fine)
    return _fit(fine)


def as_mnist_image(picture: npt.NDArray[np.uint8]) -> Pixels | None:
    """A picture that is like an MNIST image, unchanged, or inverted if it is dark on light; None for any other."""
    if picture.shape != (IMAGE_SIZE, IMAGE_SIZE):
        return None
    border = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    return next(
        (as_ink for as_ink, rim in ((picture, border), (255 - picture, 255 - border)) if _is_background(rim)),
        None,
    )


def _is_background(border: Pixels) -> bool:
    """A digit may touch the border with the blur of a stroke; a photograph has noise all along it."""
    return int(np.count_nonzero(border)) < 0.2 * len(border) and int(border.max()) < 64


def _to_ink(canvas: npt.NDArray[np.generic]) -> Floats:
    scale = 255 if np.issubdtype(canvas.dtype, np.integer) else 1
    ink: Floats = np.nan_to_num(canvas.astype(np.float32), nan=0, posinf=scale, neginf=0) / np.float32(scale)
    return ink.clip(0, 1)


def _is_mnist_sized(ink: Floats) -> bool:
    top, bottom, left, right = _find_bounding_box(ink)
    usual = _THINNEST <= measure_stroke_width(ink) <= _THICKEST
    return usual and BOX - 2 <= max(bottom - top, right - left) <= BOX + 1


def _center(ink: Floats) -> Pixels:
    """Moved by whole pixels, and so without a blur, as MNIST's makers did it."""
    top, bottom, left, right = _find_bounding_box(ink, above=0.0)
    down, across = (round(CENTER - middle) for middle in _center_of_mass(ink))
    down = min(max(down, -top), IMAGE_SIZE - bottom)
    across = min(max(across, -left), IMAGE_SIZE - right)
    return _to_pixels(np.roll(ink, (down, across), axis=(0, 1)))


def _enlarge(ink: Floats) -> Floats:
    """The digit in the middle of a square of `_FINE * IMAGE_SIZE`, its longer side `_FINE * BOX`."""
    top, bottom, left, right = _find_bounding_box(ink)
    pixel = max(bottom - top, right - left) / (BOX * _FINE)
    return _resample(ink, ((top + bottom) / 2, (left + right) / 2), pixel, IMAGE_SIZE * _FINE)


def _normalize_strokes(fine: Floats) -> Floats:
    """A thin pen's strokes thickened and a broad brush's thinned, to what the network has seen."""
    width = measure_stroke_width(fine) / _FINE
    if width < _THINNEST:
        return _apply_filter(fine, ImageFilter.MaxFilter(3), (_THIN - width) * _FINE / 2)
    if width > _THICKEST:
        return _apply_filter(fine, ImageFilter.MinFilter(3), (width - _THICK) * _FINE / 2)
    return fine


def _apply_filter(fine: Floats, filter: ImageFilter.RankFilter, times: float) -> Floats:
    """Every time moves the edges by one fine pixel."""
    image = Image.fromarray(_to_pixels(fine))
    for _ in range(round(times)):
        image = image.filter(filter)
    changed: Floats = np.asarray(image, dtype=np.float32) / np.float32(255)
    return changed if float(changed.max()) > _EDGE else fine


def _fit(fine: Floats) -> Pixels:
    """The longer side brought to `BOX`, the center of mass to the center."""
    top, bottom, left, right = _find_bounding_box(fine)
    pixel = max(bottom - top, right - left) / BOX
    down, across = _center_of_mass(fine)
    offset = IMAGE_SIZE / 2 - (CENTER + 0.5)  # from the middle of the square to MNIST's center
    middle = (down + 0.5 + offset * pixel, across + 0.5 + offset * pixel)
    return _to_pixels(_resample(fine, middle, pixel, IMAGE_SIZE))


def _resample(ink: Floats, middle: tuple[float, float], pixel: float, side: int) -> Floats:
    """`side` × `side` pixels, each the mean of `pixel` × `pixel` of `ink`, around a point of it; paper outside."""
    half = pixel * side / 2
    top, left = middle[0] - half, middle[1] - half
    around = [max(0, int(np.ceil(reach))) for reach in _measure_overhang(ink, top, left, 2 * half)]
    padded = np.pad(ink, (around[:2], around[2:]))
    top, left = top + around[0], left + around[2]
    filter = Image.Resampling.BOX if pixel >= 1 else Image.Resampling.BICUBIC
    box = (left, top, min(left + 2 * half, padded.shape[1]), min(top + 2 * half, padded.shape[0]))
    window = Image.fromarray(padded).resize((side, side), filter, box=box)
    return np.asarray(window, dtype=np.float32).clip(0, 1)


def _measure_overhang(ink: Floats, top: float, left: float, side: float) -> tuple[float, float, float, float]:
    """How far a square reaches over the upper, lower, left and right edge."""
    height, width = ink.shape
    return -top, top + side - height, -left, left + side - width


def _find_bounding_box(ink: Floats, above: float = _EDGE) -> tuple[int, int, int, int]:
    """First and one past the last row and column with ink."""
    marked = ink > above
    rows, columns = np.flatnonzero(marked.any(axis=1)), np.flatnonzero(marked.any(axis=0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def _center_of_mass(ink: Floats) -> tuple[float, float]:
    """Row and column of the center of mass."""
    total = float(ink.sum())
    rows, columns = ink.sum(axis=1), ink.sum(axis=0)
    return float(rows @ np.arange(len(rows))) / total, float(columns @ np.arange(len(columns))) / total


def measure_stroke_width(ink: Floats) -> float:
    """In pixels: a stroke of length l and width w has the area l·w, and an edge of about 2·l, however soft."""
    padded = np.pad(ink, 1)
    down = padded[2:, 1:-1] - padded[:-2, 1:-1]
    across = padded[1:-1, 2:] - padded[1:-1, :-2]
    edge = float(np.hypot(down, across).sum()) / 2
    return 2 * float(ink.sum()) / edge if edge else 0.0


def _to_pixels(ink: Floats) -> Pixels:
    return np.rint(ink * 255).astype(np.uint8)
