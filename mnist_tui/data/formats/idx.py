"""The IDX format of the MNIST family, read strictly.

A file is, usually with gzip around it: two zero bytes, a type code (8 is unsigned byte), the number of dimensions, each
dimension as a big-endian 32-bit number, then the values (http://yann.lecun.com/exdb/mnist). What is expected
is always known beforehand, so a header can be rejected before memory is allocated for what it claims.
"""

from __future__ import annotations

import math
import struct
import zlib
from pathlib import Path

import torch
from torch import Tensor

from mnist_tui.config import IMAGE_SIZE
from mnist_tui.errors import DataError

UNSIGNED_BYTE = 8
GZIP_ONLY = 16 + zlib.MAX_WBITS  # zlib's own code for "expect a gzip header and check its CRC"
GZIP_MAGIC = b"\x1f\x8b"


def parse_images(content: bytes, count: int, path: Path) -> Tensor:
    """The images in `content`, the bytes of an IDX file, gzipped or not, that must hold exactly `count` (1 or more).

    Returns (count, 1, 28, 28) uint8, 0 is paper. Raises DataError, which names `path`.
    """
    return _parse_values(content, (count, IMAGE_SIZE, IMAGE_SIZE), path).view(count, 1, IMAGE_SIZE, IMAGE_SIZE)


def parse_labels(content: bytes, count: int, classes: int, path: Path) -> Tensor:
    """The labels in `content`: (count,) int64, each in [0, classes). Raises DataError as `parse_images` does."""
    values = _parse_values(content, (count,), path)
    if (highest := int(values.max())) >= classes:
        raise _damaged_error(path, f"it has the label {highest}, but there are only {classes} classes")
    return values.long()


def _parse_values(content: bytes, shape: tuple[int, ...], path: Path) -> Tensor:
    """The flat uint8 values of a file whose header must declare exactly `shape`."""
    header = _make_header(shape)
    if content.startswith(header):  # unpacked already
        return parse_uncompressed(content, shape[1:], path).flatten()
    size = math.prod(shape)
    stream = zlib.decompressobj(GZIP_ONLY)
    try:
        found = stream.decompress(content, len(header))
        if found != header:
            raise _damaged_error(path, _describe_header_difference(found, shape))
        # One byte more than expected is enough to know that there is too much, however much it is.
        values = stream.decompress(stream.unconsumed_tail, size + 1)
    except zlib.error as error:
        raise _damaged_error(path, f"its compression is broken ({error})") from error
    _check_end(stream, len(values), size, path)
    return torch.frombuffer(bytearray(values), dtype=torch.uint8)


def _make_header(shape: tuple[int, ...]) -> bytes:
    return struct.pack(f">HBB{len(shape)}I", 0, UNSIGNED_BYTE, len(shape), *shape)


def _check_end(stream: zlib._Decompress, found: int, expected: int, path: Path) -> None:
    if found > expected:
        raise _damaged_error(path, f"it holds more than the {expected:,} values it declares")
    if not stream.eof:
        raise _damaged_error(path, f"it is cut off after {found:,} of {expected:,} values")
    if found < expected:
        raise _damaged_error(path, f"it holds {found:,} values but declares {expected:,}")
    if stream.unused_data:
        raise _damaged_error(path, f"{len(stream.unused_data):,} bytes follow its end")


def _describe_header_difference(found: bytes, shape: tuple[int, ...]) -> str:
    """Why the header `found` is not that of unsigned bytes in `shape`."""
    expected = _make_header(shape)
    if len(found) < len(expected):
        return "it ends within its header"
    if found[:4] != expected[:4]:
        return f"it begins with {found[:4].hex(' ')} instead of {expected[:4].hex(' ')}"
    declared = struct.unpack(f">{len(shape)}I", found[4:])
    return f"it declares {_format_shape(declared)} values, not {_format_shape(shape)}"


def decompress(content: bytes, most: int) -> bytes:
    """A file's content, decompressed if it is gzip; one byte more than `most` if it is too large."""
    if not content.startswith(GZIP_MAGIC):
        return content
    try:
        return zlib.decompressobj(GZIP_ONLY).decompress(content, most + 1)
    except zlib.error:
        return b""


def file_size(count: int, *, images: bool) -> int:
    """The size in bytes of an unpacked file with this many images or labels."""
    shape = (count, IMAGE_SIZE, IMAGE_SIZE) if images else (count,)
    return len(_make_header(shape)) + math.prod(shape)


def describe_content(content: bytes) -> str:
    """What an unpacked file claims to hold: `10,000 images`; empty if it is not an MNIST-style file."""
    dimensions = {b"\0\0\x08\x03": 3, b"\0\0\x08\x01": 1}.get(content[:4], 0)
    sides = [int.from_bytes(content[4 + 4 * axis : 8 + 4 * axis], "big") for axis in range(dimensions)]
    match sides:
        case [count]:
            return f"{count:,} labels"
        case [count, 28, 28]:
            return f"{count:,} images"
        case [count, height, width]:
            return f"{count:,} images of {height} × {width} pixels"
        case _:
            return ""


def _format_shape(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))


def _damaged_error(path: Path, reason: str) -> DataError:
    return DataError(f"{path} is damaged: {reason}.", remedy="Delete the file; it is fetched again on the next use.")


def to_idx(values: Tensor) -> bytes:
    """The uncompressed IDX file of a uint8 tensor."""
    return _make_header(tuple(values.shape)) + values.contiguous().numpy().tobytes()


def parse_uncompressed(content: bytes, item: tuple[int, ...], path: Path) -> Tensor:
    """(N, *item) uint8 of an uncompressed IDX file, which says itself how many items it has. Raises DataError."""
    length = len(_make_header((0, *item)))
    count = int.from_bytes(content[4:8], "big")
    if content[:length] != _make_header((count, *item)):
        raise _own_file_error(path, _describe_header_difference(content[:length], (count, *item)))
    if len(content) != length + (size := count * math.prod(item)):
        raise _own_file_error(path, f"it holds {len(content) - length:,} values but declares {size:,}")
    return torch.frombuffer(bytearray(content), dtype=torch.uint8)[length:].view(count, *item)


def _own_file_error(path: Path, reason: str) -> DataError:
    return DataError(f"{path} is damaged: {reason}.", remedy="Move it away, or bring it back from a copy.")
