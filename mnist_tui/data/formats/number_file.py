"""Files of images as numbers, in any supported format: distinguished from pictures, and read."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path

from mnist_tui.data.formats import array_file, csv_file
from mnist_tui.data.formats.input_file import prepend_name, read_input
from mnist_tui.data.formats.labeled_images import LabeledImages
from mnist_tui.data.pictures import picture_file
from mnist_tui.errors import PictureError

_TABLES = (".csv", ".tsv")
# Signatures of other number formats, which are named in the error and not read.
_OTHERS: Mapping[bytes, str] = {
    b"\x89HDF\r\n": "is HDF5",
    b"MATLAB 5.0": "is a MATLAB file",
    b"PAR1": "is Parquet",
    b"\x80": "is a Python pickle, which could run code, and is not opened",
}
_GZIP = b"\x1f\x8b"
_REMEDY = "Save the images as .npy, .npz or .csv: np.savez(name, images=images, labels=labels)."


def is_number_file(content: bytes, name: str) -> bool:
    """Whether a file that begins with `content` contains numbers rather than a picture."""
    return (
        array_file.is_array_file(content)
        or content.startswith((_GZIP, *_OTHERS))
        or csv_file.is_csv(content)
        or (Path(name).suffix.lower() in _TABLES and not picture_file.is_picture(content))
    )


def max_bytes(head: bytes) -> int:
    """The size limit of a file that begins with `head`."""
    is_large = array_file.is_array_file(head) or head.startswith(_GZIP) or csv_file.is_csv(head)
    return array_file.MAX_BYTES if is_large else picture_file.MAX_BYTES


def parse_number_file(content: bytes) -> LabeledImages:
    """The images of a file for which `is_number_file` holds.

    Raises PictureError with the rest of a sentence that begins with the file's name.
    """
    if content.startswith(_GZIP):
        content = _decompress(content)
    if array_file.is_array_file(content):
        return array_file.parse_array_file(content)
    for magic, what in _OTHERS.items():
        if content.startswith(magic):
            raise PictureError(what, remedy=_REMEDY)
    return csv_file.parse_csv(content)


def _decompress(content: bytes) -> bytes:
    stream = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        unpacked = stream.decompress(content, array_file.MAX_BYTES + 1)
    except zlib.error as error:
        raise PictureError(f"is damaged: its compression is broken ({error})", remedy="Save it again.") from error
    if len(unpacked) > array_file.MAX_BYTES:
        raise PictureError(f"would unpack to more than {array_file.MAX_BYTES >> 20} MB", remedy="Save fewer images.")
    if not stream.eof:
        raise PictureError("is damaged: its compression is cut off", remedy="Save it again.")
    return unpacked


def read_number_file(path: Path) -> LabeledImages:
    """The images of the file at `path`. Raises PictureError, which names it."""
    content = read_input(str(path), max_bytes)
    with prepend_name(str(path)):
        if not is_number_file(content, path.name):
            raise PictureError("holds no images as numbers", remedy=_REMEDY)
        return parse_number_file(content)
