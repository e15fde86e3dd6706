"""Reading a picture: each digit in MNIST's format, with its place and its alternative readings."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from mnist_tui.data.pictures import mnist_format
from mnist_tui.data.pictures.frames import find_frames
from mnist_tui.data.pictures.gray import coarsen, make_dark_on_light
from mnist_tui.data.pictures.histograms import Bytes, Floats, Mask
from mnist_tui.data.pictures.ink import (
    Ink,
    erase_pixels,
    exclude_strokes,
    find_ink,
    find_narrow,
)
from mnist_tui.data.pictures.mnist_format import Pixels
from mnist_tui.data.pictures.rules import find_rules, measure_tilt
from mnist_tui.data.pictures.segmentation import Box, Piece, Segmentation, segment
from mnist_tui.data.pictures.sheet import Sheet, find_sheet, make_sheet
from mnist_tui.errors import NoDigitError

# Longest side of the picture that is processed.
_SIDE = 700
# Longest side of what a digit is made from: twice that of the finest that `mnist_format` looks at.
_CANVAS = 200
# Lines that would vanish between the pixels of a small picture, and those thinner than any in MNIST, are made thicker:
# from the first to the second, in pixels of what the network gets.
_VISIBLE, _USUAL = (0.5, 0.5), (1.7, 2.2)
# A shorter side than this has no room for a digit.
_LEAST_SIDE = 5
# A digit with erased lines along so large a share of its ink is read with them, too.
_ERASED = 0.03
# A sheet smaller than this share of its surroundings must contain ink.
_SMALL_SHEET = 0.2


@dataclass(frozen=True, eq=False)
class Digit:
    """One digit on a picture."""

    pixels: Pixels
    """What the network gets: (28, 28)."""
    others: tuple[Pixels, ...]
    """What it would get if slightly more or less counted as ink, or as a part of this digit."""
    box: tuple[int, int, int, int]
    """Left, top, width and height in the picture."""


Lines = tuple[tuple[Digit, ...], ...]


@dataclass(frozen=True)
class Reading:
    """All digits on a picture: lines from top to bottom, each from left to right."""

    lines: Lines

    @property
    def digits(self) -> tuple[Digit, ...]:
        """All of them in order."""
        return tuple(digit for line in self.lines for digit in line)


def read(picture: npt.NDArray[np.generic]) -> Reading:
    """The digits of a picture of uint8: (H, W) gray, (H, W, 3) color or (H, W, 4) with alpha.

    Raises NoDigitError if there are none.
    """
    cv2.setNumThreads(1)  # reading is short, and must not take cores from a training
    pixels = np.asarray(picture, dtype=np.uint8)
    clean = mnist_format.as_mnist_image(pixels)
    if clean is not None:
        digit = Digit(mnist_format.canvas_to_mnist(clean), (), _find_box(clean))
        return Reading(((digit,),))
    opaque = add_background(pixels)
    sheet = _reduce_picture(opaque)
    lines = _read_innermost_sheet(sheet) if min(sheet.pixels.shape[:2]) >= _LEAST_SIDE else ()
    if not lines:
        raise NoDigitError(
            "there is no digit on it: nothing stands out from the background",
            remedy="Write it larger or darker, or give it more light.",
        )
    return Reading(lines)


def read_largest_digit(picture: npt.NDArray[np.generic]) -> Pixels:
    """The network's input for the largest digit of a picture, (28, 28). Takes and raises what `read` does."""
    return max(read(picture).digits, key=lambda digit: digit.box[2] * digit.box[3]).pixels


def add_background(pixels: Bytes) -> Bytes:
    """(H, W) or (H, W, 3): a transparent picture on a background that makes it visible.

    Ink of one color is put on white or black, whichever contrasts more; other pictures on their most frequent color.
    """
    if pixels.ndim == 2 or pixels.shape[2] == 3:
        return pixels
    if pixels.shape[2] == 1:
        return np.ascontiguousarray(pixels[:, :, 0])
    color, alpha = pixels[:, :, :3], pixels[:, :, 3]
    if int(alpha.min()) >= 250:
        return np.ascontiguousarray(color)
    visible = color[alpha > 127]
    if not len(visible):
        return np.zeros_like(color)
    gray = visible.mean(axis=1)
    is_picture = np.percentile(gray, 98) - np.percentile(gray, 2) > 64
    background = np.median(visible, axis=0) if is_picture else np.full(3, 255.0 * (gray.mean() < 128))
    share = alpha[:, :, None].astype(np.float32) / 255
    return np.rint(color * share + background.astype(np.float32) * (1 - share)).astype(np.uint8)


def _find_box(canvas: Pixels) -> tuple[int, int, int, int]:
    left, top, width, height = cv2.boundingRect((canvas > 64).astype(np.uint8))
    return left, top, width, height


def _reduce_picture(picture: Bytes) -> Sheet:
    """The whole picture as a sheet, reduced to the size that is processed."""
    smaller = coarsen(picture, _SIDE)
    height, width = smaller.shape[:2]
    scale = np.diag([picture.shape[1] / width, picture.shape[0] / height, 1.0])
    return Sheet(smaller, scale, make_sheet(picture).picture_size)


def _read_innermost_sheet(sheet: Sheet) -> Lines:
    inner = find_sheet(sheet)
    if inner is not None and min(inner.pixels.shape[:2]) >= _LEAST_SIDE:
        lines = _read_innermost_sheet(inner)
        # Such a small sheet with nothing on it could be the thick stroke of a 1.
        if lines or np.prod(inner.pixels.shape[:2]) > _SMALL_SHEET * np.prod(sheet.pixels.shape[:2]):
            return lines
    return _read_sheet(sheet)


def _read_sheet(sheet: Sheet) -> Lines:
    gray = make_dark_on_light(sheet.pixels)
    narrow = find_narrow(gray)
    tilt = measure_tilt(narrow.mask)
    if abs(tilt) > 0.4:
        sheet = _rotate(sheet, tilt)
        gray = make_dark_on_light(sheet.pixels)
        narrow = find_narrow(gray)
    frames = find_frames(narrow.mask)
    rules = find_rules(narrow.mask - frames)
    erase = exclude_strokes(narrow, rules.erase, rules.erase | rules.margins) | frames
    erase |= exclude_strokes(narrow, rules.margins, rules.margins)
    ink = find_ink(erase_pixels(gray, erase, narrow))
    # A rotated sheet has streaks along its sides.
    spare = abs(np.tan(np.radians(tilt))) * max(gray.shape) / 2 if rules.count else 0.0
    found = segment(ink, rules.inside, spare) if ink is not None else None
    if rules.stem and (found is None or not found.lines):
        ink, erase = find_ink(gray), np.zeros_like(erase)
        found = segment(ink, None) if ink is not None else None
    if ink is None or found is None:
        return ()
    lines = tuple(
        tuple(digit for piece in line if (digit := _cut_digit(ink, found, piece, erase, sheet)) is not None)
        for line in found.lines
    )
    return tuple(line for line in lines if line)


def _rotate(sheet: Sheet, degrees: float) -> Sheet:
    height, width = sheet.pixels.shape[:2]
    turn = np.vstack([cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0), [0, 0, 1]])
    pixels = cv2.warpAffine(
        sheet.pixels, turn[:2], (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return sheet.transform(np.asarray(pixels, np.uint8), turn)


def _cut_digit(ink: Ink, found: Segmentation, piece: Piece, erased: Mask, sheet: Sheet) -> Digit | None:
    canvas = _make_legible(_draw_canvas(ink, found, piece))
    others = [(1.8 * canvas).clip(0, 1), ((canvas - 0.35) / 0.5).clip(0, 1)]
    others += [_make_legible(_draw_canvas(ink, found, other)) for other in piece.alternatives]
    rejoined = _rejoin(ink, found, piece, erased)
    others += [_make_legible(rejoined)] if rejoined is not None else []
    pixels = _normalize(canvas)
    if pixels is None:
        return None
    read_otherwise = tuple(other for canvas in others if (other := _normalize(canvas)) is not None)
    return Digit(pixels, read_otherwise, _to_picture_box(piece.box, sheet))


def _draw_canvas(ink: Ink, found: Segmentation, piece: Piece) -> Floats:
    """The piece alone, with the soft edge of its ink."""
    window, own = _find_window(ink, found, piece)
    reach = _measure_reach(ink)
    near = cv2.dilate(own, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    return np.asarray(ink.amount[window] * near, np.float32)


def _rejoin(ink: Ink, found: Segmentation, piece: Piece, erased: Mask) -> Floats | None:
    """The piece with what was erased next to it, which could have been a part of a stroke; None without such."""
    window, own = _find_window(ink, found, piece)
    side = 4 * _measure_reach(ink) + 1
    beside = np.asarray(cv2.dilate(own, np.ones((side, side), np.uint8)), np.uint8) & erased[window]
    if np.count_nonzero(beside) < _ERASED * piece.area:
        return None
    return np.asarray(np.maximum(_draw_canvas(ink, found, piece), beside), np.float32)


def _find_window(ink: Ink, found: Segmentation, piece: Piece) -> tuple[tuple[slice, slice], Mask]:
    """A window around a piece, and the piece within it."""
    box, reach = piece.box, _measure_reach(ink)
    window = (
        slice(max(0, box.top - reach), box.bottom + reach),
        slice(max(0, box.left - reach), box.right + reach),
    )
    return window, np.isin(found.labels[window], piece.numbers).astype(np.uint8)


def _measure_reach(ink: Ink) -> int:
    """How far the soft edge of ink reaches, in pixels."""
    return int(max(2, round(0.004 * max(ink.mask.shape))))


def _normalize(canvas: Floats) -> Pixels | None:
    """In MNIST's format; None if there is almost no ink."""
    try:
        return mnist_format.canvas_to_mnist(canvas)
    except NoDigitError:
        return None


def _make_legible(canvas: Floats) -> Floats:
    """A smaller canvas, whose strokes are thick enough for it and then for the network."""
    return _thicken(_reduce(_thicken(canvas, *_VISIBLE)), *_USUAL)


def _thicken(canvas: Floats, least: float, wanted: float) -> Floats:
    """Strokes thinner than `least` become as thick as `wanted`, in pixels of the network's input."""
    rows, columns = np.flatnonzero((canvas > 0.25).any(axis=1)), np.flatnonzero((canvas > 0.25).any(axis=0))
    if not len(rows):
        return canvas
    pixel = (max(int(rows[-1] - rows[0]), int(columns[-1] - columns[0])) + 1) / mnist_format.BOX
    width = mnist_format.measure_stroke_width(canvas)
    if width >= least * pixel:
        return canvas
    spare = round(wanted * pixel - width)
    padded = cv2.copyMakeBorder(canvas, spare, spare, spare, spare, cv2.BORDER_CONSTANT, value=0)
    return np.asarray(
        cv2.dilate(padded, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (spare + 1, spare + 1))), np.float32
    )


def _reduce(canvas: Floats) -> Floats:
    """No larger than it has to be for what is made of it."""
    scale = _CANVAS / max(canvas.shape)
    if scale >= 1:
        return canvas
    size = (max(1, round(scale * canvas.shape[1])), max(1, round(scale * canvas.shape[0])))
    return np.asarray(cv2.resize(canvas, size, interpolation=cv2.INTER_AREA), np.float32)


def _to_picture_box(box: Box, sheet: Sheet) -> tuple[int, int, int, int]:
    """Left, top, width and height in the picture, in whole pixels."""
    corners = np.array(
        [(box.left, box.top), (box.right, box.top), (box.right, box.bottom), (box.left, box.bottom)],
        np.float64,
    )
    points = cv2.perspectiveTransform(corners[None], sheet.to_picture)[0]
    left, top = np.clip(np.floor(points.min(axis=0) + 1e-6), 0, np.subtract(sheet.picture_size, 1))
    right, bottom = np.clip(np.ceil(points.max(axis=0) - 1e-6), (left + 1, top + 1), sheet.picture_size)
    return int(left), int(top), int(right - left), int(bottom - top)
