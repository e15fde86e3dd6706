"""Images stored as numbers, converted to MNIST's values from any known scale and polarity."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mnist_tui.config import IMAGE_SIZE
from mnist_tui.errors import PictureError

PIXELS = IMAGE_SIZE * IMAGE_SIZE
MAX_IMAGES = 100_000
"""More than any dataset of this kind has; a file that claims more is rejected."""

Numbers = npt.NDArray[Any]
Locate = Callable[[int], str]
"""Maps an image's index to its place in its file, in the terms of its format."""

# (0 - mean) / deviation and (1 - mean) / deviation, with the figures that tutorials normalize MNIST with.
_MEAN, _DEVIATION = 0.1307, 0.3081
_LOWEST, _HIGHEST = -_MEAN / _DEVIATION, (1 - _MEAN) / _DEVIATION
_NEAR = 1e-3
_BLOCK = 2048
_SCALES = f"Pixels are from 0 to 255, from 0 to 1, from -1 to 1, or MNIST's normalized {_LOWEST:.4f} to {_HIGHEST:.4f}."


@dataclass(frozen=True, eq=False)
class LabeledImages:
    """`pixels` (N, 28, 28) uint8, 255 is ink on 0; `labels` (N,) int64 if the file has them."""

    pixels: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64] | None
    locate: Locate
    remarks: tuple[str, ...] = ()
    """Sentences about how the file was understood, without its name."""


def build_labeled_images(
    blocks: Sequence[Numbers], labels: Numbers | None, locate: Locate, remarks: Sequence[str] = ()
) -> LabeledImages:
    """Images of `blocks` (n, 784) of real numbers one after another, (N,) `labels` beside them.

    Raises PictureError with the rest of a sentence that begins with the file's name.
    """
    pixels, scale_remarks = _scale_to_bytes(list(_split_blocks(blocks)), locate)
    is_inverted = _is_dark_on_light(pixels)
    if is_inverted:
        pixels = 255 - pixels
    inverted = ("its images are dark on light; they were inverted, because MNIST's are light on dark.",)
    return LabeledImages(
        pixels.reshape(-1, IMAGE_SIZE, IMAGE_SIZE),
        None if labels is None else _check_labels(labels, len(pixels), locate),
        locate,
        (*remarks, *scale_remarks, *(inverted if is_inverted else ())),
    )


def _split_blocks(blocks: Sequence[Numbers]) -> Iterator[Numbers]:
    """In parts small enough to copy."""
    for block in blocks:
        for start in range(0, len(block), _BLOCK):
            yield block[start : start + _BLOCK]


def _scale_to_bytes(blocks: Sequence[Numbers], locate: Locate) -> tuple[npt.NDArray[np.uint8], tuple[str, ...]]:
    low, high = _find_range(blocks, locate)
    factor, shift, remarks = _find_scale(low, high)
    if factor is None:
        raise _range_error(blocks, low, high, locate)
    scaled = np.empty((sum(map(len, blocks)), PIXELS), dtype=np.uint8)
    start = 0
    for block in blocks:
        values = np.rint(_to_float32(block) * np.float32(factor) + np.float32(shift))
        scaled[start : start + len(block)] = values.clip(0, 255)
        start += len(block)
    return scaled, remarks


def _find_scale(low: float, high: float) -> tuple[float | None, float, tuple[str, ...]]:
    """What brings values of this range to 0 to 255: a factor (None for an unknown range) and a summand."""
    if low >= 0:
        return (255.0 if high <= 1 else 1.0 if high <= 255 else None), 0.0, ()
    if abs(low - _LOWEST) < _NEAR and high <= _HIGHEST + _NEAR:
        remark = f"its values were read as normalized with mean {_MEAN} and deviation {_DEVIATION}."
        return 255 * _DEVIATION, 255 * _MEAN, (remark,)
    if -1 - _NEAR <= low <= -0.9 and high <= 1 + _NEAR:
        remark = "its values, from -1 to 1, were read as normalized with mean 0.5 and deviation 0.5."
        return 127.5, 127.5, (remark,)
    return None, 0.0, ()


def _find_range(blocks: Sequence[Numbers], locate: Locate) -> tuple[float, float]:
    low, high, start = np.inf, -np.inf, 0
    for block in blocks:
        values = _to_float32(block)
        finite = np.isfinite(values)
        if not finite.all():
            image, pixel = map(int, np.argwhere(~finite)[0])
            raise PictureError(
                f"holds a value that is not finite at {_locate_pixel(locate, start + image, pixel)}",
                remedy=_SCALES,
            )
        low, high = min(low, float(values.min())), max(high, float(values.max()))
        start += len(block)
    return low, high


def _range_error(blocks: Sequence[Numbers], low: float, high: float, locate: Locate) -> PictureError:
    """The error for values of an unknown range, with the first one that cannot be a pixel."""
    message, start = f"holds values from {low:g} to {high:g}", 0
    for block in blocks:
        values = _to_float32(block)
        wrong = (values < 0) | (values > 255)
        if wrong.any():
            image, pixel = map(int, np.argwhere(wrong)[0])
            message += f"; {values[image, pixel]:g} at {_locate_pixel(locate, start + image, pixel)}"
            break
        start += len(block)
    return PictureError(message, remedy=_SCALES)


def _to_float32(block: Numbers) -> npt.NDArray[np.float32]:
    with np.errstate(over="ignore", invalid="ignore"):  # what does not fit becomes infinite, and is reported as such
        floats: npt.NDArray[np.float32] = block.astype(np.float32)
    return floats


def _locate_pixel(locate: Locate, image: int, pixel: int) -> str:
    where = locate(image)
    return f"{where}, pixel {pixel}" if where else f"pixel {pixel}"


def _is_dark_on_light(pixels: npt.NDArray[np.uint8]) -> bool:
    """By the borders of most of the images."""
    images = pixels[:_BLOCK].reshape(-1, IMAGE_SIZE, IMAGE_SIZE)
    borders = np.concatenate([images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1]], axis=1)
    return float(np.median(np.median(borders, axis=1))) > 127


def _check_labels(labels: Numbers, count: int, locate: Locate) -> npt.NDArray[np.int64]:
    values = _to_float32(labels)
    if values.shape != (count,):
        raise PictureError(
            f"holds {len(values):,} labels for {count:,} images", remedy="Save one label for each image."
        )
    wrong = np.flatnonzero(~((values >= 0) & (values < 1000) & (values == np.floor(values))))
    if len(wrong):
        where = locate(int(wrong[0]))
        raise PictureError(
            f"holds the label {values[wrong[0]]:g}{f' at {where}' if where else ''}",
            remedy="Labels are the numbers of classes: 0, 1, 2, ….",
        )
    return values.astype(np.int64)
