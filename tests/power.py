"""A disk that loses, at a power cut, whatever was not synced; and cuts at every moment that makes a difference."""

from __future__ import annotations

import os
import random
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

Entries = dict[str, int]
"""A folder's names and the numbers of what they mean."""


@dataclass
class Disk:
    """What is on the platter of the folder `root`: the content of a file or a folder as it was when last synced.

    `cut` is called before each sync, which is when the platter changes.
    """

    root: Path
    files: dict[int, bytes] = field(default_factory=dict)
    folders: dict[int, Entries] = field(default_factory=dict)
    syncs: int = 0
    _open: list[int] = field(default_factory=list)

    def record_sync(self, number: int) -> None:
        """This file or folder is on the platter from now on."""
        state = os.fstat(number)
        if stat.S_ISDIR(state.st_mode):
            self.folders[state.st_ino] = {entry.name: entry.inode() for entry in os.scandir(number)}
        else:
            self.files[state.st_ino] = Path(f"/proc/self/fd/{number}").read_bytes()
            self._open.append(os.dup(number))

    def write_after_cut(self, target: Path, kind: str, seed: int = 0) -> None:
        """Write what a cut at this moment leaves to `target`.

        kind: "least" is what was synced; "torn" is that, and at random some of what was not: names, whole
        contents, their beginnings, and zeros in the place of what a file has grown by.
        """
        chance = random.Random(seed) if kind == "torn" else None
        self._restore(self.root, self.root.stat().st_ino, target, chance)

    def close(self) -> None:
        """Let go of the files that were kept, so that none of their numbers was used again."""
        for number in self._open:
            os.close(number)

    def _restore(self, now: Path, number: int, target: Path, chance: random.Random | None) -> None:
        target.mkdir()
        entries = dict(self.folders.get(number, {}))
        present = {entry.name: entry.stat() for entry in os.scandir(now)} if now.is_dir() else {}
        if chance:
            for name in present:
                if chance.random() < 0.5:
                    entries[name] = present[name].st_ino
        for name, inode in entries.items():
            whole = now / name
            there = name in present and present[name].st_ino == inode
            if inode in self.folders or (there and whole.is_dir()):
                self._restore(whole if there else Path("/nowhere"), inode, target / name, chance)
            else:
                content = self.files.get(inode, b"")
                if chance and there:
                    content = _tear(content, whole.read_bytes(), chance)
                (target / name).write_bytes(content)


def _tear(record_sync: bytes, now: bytes, chance: random.Random) -> bytes:
    """What may be there of a file that was written since it was synced."""
    if not now.startswith(record_sync):
        return chance.choice([record_sync, now])
    grown = now[len(record_sync) :]
    half = grown[: chance.randrange(len(grown) + 1)]
    return record_sync + chance.choice([b"", half, grown, bytes(len(grown)), half + bytes(len(grown) - len(half))])


@contextmanager
def watch_disk(root: Path, monkeypatch: pytest.MonkeyPatch, cut: Callable[[Disk], None]) -> Iterator[Disk]:
    """While inside, `cut(disk)` is called before every sync under `root`, and the disk keeps what is synced."""
    disk = Disk(root)
    fsync = os.fsync

    def recording_fsync(number: int) -> None:
        path = Path(f"/proc/self/fd/{number}").readlink()
        if path == root or root in path.parents:
            cut(disk)
            fsync(number)
            disk.record_sync(number)
            disk.syncs += 1
        else:
            fsync(number)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", recording_fsync)
        try:
            yield disk
        finally:
            disk.close()
