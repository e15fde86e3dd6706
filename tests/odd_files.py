"""What may be in place of a file in a folder of unknown origin."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path


def pipe(path: Path) -> None:
    """A named pipe without a writer."""
    os.mkfifo(path)


def link_to_a_device(path: Path) -> None:
    """A link to a file without an end."""
    path.symlink_to("/dev/zero")


def link_to_a_file(path: Path) -> None:
    """A link to a valid file: the one it replaces."""
    kept = path.parent.parent / f".kept-{path.name}"
    kept.write_text("aaa\nbbb-no-newline")
    path.symlink_to(kept)


def link_to_nowhere(path: Path) -> None:
    """A dangling one."""
    path.symlink_to("/nowhere/at/all")


def bound_socket(path: Path) -> None:
    """A socket; its address may be no longer than 100 bytes or so."""
    before = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path.name)
    finally:
        os.chdir(before)


def hole(path: Path) -> None:
    """A gigabyte and a half of zeros that take no disk space."""
    with path.open("wb") as file:
        file.truncate(1500 * 2**20)


ODD: dict[str, Callable[[Path], None]] = {
    "pipe": pipe,
    "link to a device": link_to_a_device,
    "link to a file": link_to_a_file,
    "link to nowhere": link_to_nowhere,
    "socket": bound_socket,
    "hole": hole,
}
"""How to make each, where nothing is."""


def put(kind: str, path: Path) -> None:
    """Replace what is at `path` by something odd."""
    path.unlink(missing_ok=True)
    ODD[kind](path)
