"""Compiled libraries on disk, each under the sum of what it was made from and the sum of its own bytes."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import stat
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from mnist_tui.system import atomic_file

KEPT = 50
"""Libraries that stay; the longest unused ones go."""

ABANDONED = 24 * 60 * 60
"""Seconds after which a temporary file or folder belongs to nobody any more."""

LARGEST = 256 * 1024 * 1024
"""Bytes of a library; real ones have less than one of these megabytes."""

_KEY_LENGTH = 40  # 160 bits; encrypted homes allow 143 characters in a name, temporary ones included


def key_of(parts: Iterable[bytes]) -> str:
    """The name of what is made from `parts`; no other parts, and no other division of them, has it."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{len(part)}:".encode())
        digest.update(part)
    return digest.hexdigest()[:_KEY_LENGTH]


class CachedLibrary(NamedTuple):
    """A cached library: exactly the bytes whose checksum was verified are loaded, whatever the file holds by then."""

    name: str
    """Of its file."""
    content: bytes


@dataclass(frozen=True)
class Cache:
    """One file a library, `<key>-<sha256 of its bytes>.so`: one rename publishes it, and it proves itself."""

    folder: Path

    def find(self, key: str) -> CachedLibrary | None:
        """The library for this key if there is an undamaged one; a damaged one is deleted."""
        for path in sorted(self.folder.glob(f"{key}-*.so")):
            content = _read(path)
            if path.stem.endswith("-" + hashlib.sha256(content).hexdigest()):
                with contextlib.suppress(OSError):
                    os.utime(path)  # used now
                return CachedLibrary(path.name, content)
            _delete(path)
        return None

    def publish(self, key: str, content: bytes) -> CachedLibrary:
        """Keep `content`, whole or not at all, whoever else does the same. Raises OSError."""
        name = f"{key}-{hashlib.sha256(content).hexdigest()}.so"
        atomic_file.write_bytes(self.folder / name, content)
        return CachedLibrary(name, content)

    def make_room(self) -> None:
        """Delete all but the `KEPT` - 1 libraries last used, and what killed processes left behind."""
        libraries = sorted(self.folder.glob("*.so"), key=_last_used, reverse=True)
        before = time.time() - ABANDONED
        abandoned = [path for path in self.folder.glob(atomic_file.TEMPORARY) if _last_used(path) < before]
        for path in [*libraries[KEPT - 1 :], *abandoned]:
            _delete(path)


def _read(path: Path) -> bytes:
    """The content of a file of this user; empty if it is missing, another user's, or not of a library's size."""
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(descriptor)
            own = stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid()
            return file.read() if own and found.st_size <= LARGEST else b""
    return b""


def _last_used(path: Path) -> float:
    """Seconds since the epoch; 0.0 for what somebody else has just deleted."""
    with contextlib.suppress(OSError):
        return path.lstat().st_mtime
    return 0.0


def _delete(path: Path) -> None:
    """As far as the system lets us: what stays is in nobody's way."""
    with contextlib.suppress(OSError):
        if stat.S_ISDIR(path.lstat().st_mode):
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()
