"""Checking a file of torch.save before torch opens it: that it is complete, and its pickle harmless."""

from __future__ import annotations

import os
import pickletools
import zipfile
from typing import BinaryIO

_PROTOCOL = 2
# Callables that torch allows, and that allocate as much memory as a number in the file demands.
_UNBOUNDED = ("__builtin__ bytearray", "builtins bytearray")


def check_archive(file: BinaryIO) -> None:
    """Raise ValueError or BadZipFile for anything that torch.save does not write, before torch allocates memory for it.

    Other content that torch reads can demand any amount: old formats claim any size, compressed content any ratio.
    """
    with zipfile.ZipFile(file) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > file.seek(0, os.SEEK_END):
            raise ValueError(f"it would unpack to {unpacked:,} bytes, more than it has")
        # torch verifies no checksum, and would continue with other weights.
        if (part := archive.testzip()) is not None:
            raise ValueError(f"{part} in it is damaged")
        for entry in archive.infolist():
            if entry.filename.casefold().endswith("data.pkl"):
                _check_pickle(archive.read(entry))


def _check_pickle(content: bytes) -> None:
    """Raise ValueError for a pickle that makes torch print a warning, or that could allocate any amount of memory."""
    for code, argument, _ in pickletools.genops(content):
        if code.name == "PROTO" and argument != _PROTOCOL:
            raise ValueError(f"it is pickled by protocol {argument}")
        if code.name == "GLOBAL" and argument in _UNBOUNDED:
            raise ValueError(f"it names {argument}")
