"""What torch.save wrote, checked before torch opens it: that it is whole, and that its pickle asks for little."""

from __future__ import annotations

import os
import pickletools
import zipfile
from typing import BinaryIO

_PROTOCOL = 2
# What torch would call, and what would then take as much memory as a number in the file says.
_GREEDY = ("__builtin__ bytearray", "builtins bytearray")


def check_archive(file: BinaryIO) -> None:
    """Raise ValueError or BadZipFile for what torch.save does not write, before torch makes room for it.

    Of what torch reads besides, old formats claim any size they like, and compressed content unpacks to any.
    """
    with zipfile.ZipFile(file) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > file.seek(0, os.SEEK_END):
            raise ValueError(f"it would unpack to {unpacked:,} bytes, more than it has")
        # torch looks at no sum, and would go on with other weights.
        if (part := archive.testzip()) is not None:
            raise ValueError(f"{part} in it is damaged")
        for entry in archive.infolist():
            if entry.filename.casefold().endswith("data.pkl"):
                _check_pickle(archive.read(entry))


def _check_pickle(content: bytes) -> None:
    """Raise ValueError for a pickle that torch would warn of on the terminal, or let take any memory."""
    for code, argument, _ in pickletools.genops(content):
        if code.name == "PROTO" and argument != _PROTOCOL:
            raise ValueError(f"it is pickled by protocol {argument}")
        if code.name == "GLOBAL" and argument in _GREEDY:
            raise ValueError(f"it names {argument}")
