"""The IDX format of the MNIST family.

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
    return _parse_fetched(content, (count, IMAGE_SIZE, IMAGE_SIZE), path)[:, None]


def parse_labels(content: bytes, count: int, classes: int, path: Path) -> Tensor:
    """The labels in `content`: (count,) int64, each in [0, classes). Raises DataError as `parse_images` does."""
    values = _parse_fetched(content, (count,), path)
    if (highest := int(values.max())) >= classes:
        raise _damaged_error(path, f"it has the label {highest}, but there are only {classes} classes", _FETCHED)
    return values.long()


def _parse_fetched(content: bytes, shape: tuple[int, ...], path: Path) -> Tensor:
    """The values of a fetched file, gzipped or not: its checksum has been verified, so only a registry can be wrong."""
    header = _make_header(shape)
    return _parse_values(decompress(content, len(header) + math.prod(shape)), shape, path, _FETCHED)


def parse_uncompressed(content: bytes, item: tuple[int, ...], path: Path) -> Tensor:
    """(N, *item) uint8 of an uncompressed IDX file, which says itself how many items it has. Raises DataError."""
    return _parse_values(content, (int.from_bytes(content[4:8], "big"), *item), path, _OWN)


def _parse_values(content: bytes, shape: tuple[int, ...], path: Path, remedy: str) -> Tensor:
    header, size = _make_header(shape), math.prod(shape)
    if not content.startswith(header):
        raise _damaged_error(path, _describe_header_difference(content[: len(header)], shape), remedy)
    if len(content) != len(header) + size:
        raise _damaged_error(path, f"it holds {len(content) - len(header):,} values but declares {size:,}", remedy)
    return torch.frombuffer(bytearray(content), dtype=torch.uint8)[len(header) :].view(shape)


def _make_header(shape: tuple[int, ...]) -> bytes:
    return struct.pack(f">HBB{len(shape)}I", 0, UNSIGNED_BYTE, len(shape), *shape)


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


_FETCHED = "Delete the file; it is fetched again on the next use."
_OWN = "Move it away, or bring it back from a copy."


def _damaged_error(path: Path, reason: str, remedy: str) -> DataError:
    return DataError(f"{path} is damaged: {reason}.", remedy=remedy)


def to_idx(values: Tensor) -> bytes:
    """The uncompressed IDX file of a uint8 tensor."""
    return _make_header(tuple(values.shape)) + values.contiguous().numpy().tobytes()
