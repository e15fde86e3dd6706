"""28×28 numbers as CSV or as an .npy array: white on black or black on white, from 0 to 255 or from 0 to 1."""

from __future__ import annotations

import ast
import re

import numpy as np
import numpy.typing as npt

from mnist_tui.errors import PictureError

SIDE = 28
_MAGIC = b"\x93NUMPY"
_NUMBERS = re.compile(rb"[\s0-9.,;eE+-]+")
_MAX_CSV, _MAX_HEADER = 100_000, 1_000
_REMEDY = f"Give {SIDE} rows of {SIDE} numbers, from 0 to 255 or from 0 to 1."
_SHAPES = ((SIDE, SIDE), (SIDE * SIDE,), (1, SIDE, SIDE), (SIDE, SIDE, 1), (1, 1, SIDE, SIDE))


def is_grid(content: bytes) -> bool:
    """Whether a file is numbers rather than a picture."""
    return content.startswith(_MAGIC) or bool(_NUMBERS.fullmatch(content[:_MAX_CSV]))


def parse(content: bytes) -> npt.NDArray[np.uint8]:
    """(28, 28) uint8. Raises PictureError with the rest of a sentence that begins with the file's name."""
    values = _array(content) if content.startswith(_MAGIC) else _csv(content)
    if not np.isfinite(values).all():
        raise _unfit("holds what is no finite number")
    low, high = float(values.min()), float(values.max())
    if low < 0 or high > 255:
        raise _unfit(f"holds values from {low:g} to {high:g}")
    scale = 255 if high <= 1 else 1
    return np.rint(values * scale).astype(np.uint8).reshape(SIDE, SIDE)


def _csv(content: bytes) -> npt.NDArray[np.float64]:
    if len(content) > _MAX_CSV:
        raise _unfit(f"is too long for {SIDE}×{SIDE} numbers")
    words = re.split(rb"[\s,;]+", content.strip(b" \t\r\n,;"))
    if len(words) != SIDE * SIDE:
        raise _unfit(f"holds {len(words):,} numbers, not {SIDE * SIDE}")
    try:
        return np.array([float(word) for word in words])
    except ValueError as error:
        raise _unfit(f"cannot be read as numbers: {error}") from error


def _array(content: bytes) -> npt.NDArray[np.float64]:
    """Read by hand: numpy would make room for all that a header promises, however much that is."""
    length_bytes = 2 if content[6:7] == b"\x01" else 4
    start = 8 + length_bytes
    length = int.from_bytes(content[8:start], "little")
    if length > _MAX_HEADER:
        raise _unfit("has too long a header for an .npy array of numbers")
    kind, shape, by_columns = _header(content[start : start + length])
    values = content[start + length :]
    if len(values) != kind.itemsize * SIDE * SIDE:
        raise _unfit(f"holds {len(values):,} bytes, not the {kind.itemsize * SIDE * SIDE:,} its header says")
    order = shape[::-1] if by_columns else shape
    array = np.frombuffer(values, dtype=kind).reshape(order)
    return (array.T if by_columns else array).astype(np.float64)


def _header(text: bytes) -> tuple[np.dtype[np.generic], tuple[int, ...], bool]:
    try:
        header = ast.literal_eval(text.decode("latin-1"))
        kind, shape = np.dtype(header["descr"]), tuple(header["shape"])
        by_columns = bool(header["fortran_order"])
    except (ValueError, SyntaxError, TypeError, KeyError, RecursionError, MemoryError) as error:
        raise _unfit("has no header of an .npy array") from error
    if kind.kind not in "buif" or shape not in _SHAPES:
        raise _unfit(f"is an array of {kind} of shape {shape}")
    return kind, shape, by_columns


def _unfit(reason: str) -> PictureError:
    return PictureError(reason, remedy=_REMEDY)
