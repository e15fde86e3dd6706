"""Compiled libraries on disk, each named by a checksum of its sources and one of its own bytes."""

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
"""Libraries that are kept; the least recently used ones are deleted."""

ABANDONED = 24 * 60 * 60
"""Seconds after which a temporary file or folder is taken for a leftover."""

LARGEST = 256 * 1024 * 1024
"""Bytes of a library; real ones have less than one megabyte."""

_KEY_LENGTH = 40  # 160 bits; encrypted homes allow 143 characters in a name, temporary ones included


def cache_key(parts: Iterable[bytes]) -> str:
    """A key for what is made from `parts`; no other parts, and no other division of them, have the same."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{len(part)}:".encode())
        digest.update(part)
    return digest.hexdigest()[:_KEY_LENGTH]


class CachedLibrary(NamedTuple):
    """A cached library: exactly the bytes whose checksum was verified are loaded, whatever the file holds by then."""

    name: str
    """The file's name."""
    content: bytes


@dataclass(frozen=True)
class Cache:
    """One file per library, `<key>-<sha256 of its bytes>.so`: a rename publishes it, and its name verifies it."""

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
        """Store `content`, whole or not at all, even if other processes do the same. Raises OSError."""
        name = f"{key}-{hashlib.sha256(content).hexdigest()}.so"
        atomic_file.write_bytes(self.folder / name, content)
        return CachedLibrary(name, content)

    def make_room(self) -> None:
        """Delete all but the `KEPT` - 1 most recently used libraries, and the leftovers of killed processes."""
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
    """Seconds since the epoch; 0.0 for a file that another process has just deleted."""
    with contextlib.suppress(OSError):
        return path.lstat().st_mtime
    return 0.0


def _delete(path: Path) -> None:
    """As far as the system allows: what stays does no harm."""
    with contextlib.suppress(OSError):
        if stat.S_ISDIR(path.lstat().st_mode):
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()
