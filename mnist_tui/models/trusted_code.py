"""Code that the user has trained with or agreed to run on this machine, as checksums in a file outside of all runs."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from mnist_tui.events import utc_now
from mnist_tui.system import paths, regular_file

_MOST_BYTES = 16_000_000
_trusted_now: set[str] = set()  # for this process, even if the file cannot be written


def is_trusted(digest: str) -> bool:
    """Whether the code with this checksum may be run without asking."""
    return digest in _trusted_now or digest in _read_ledger()


def trust(digest: str, what: str) -> None:
    """Trust the code with this checksum, in this process only if the file cannot be written; `what` is a comment."""
    if is_trusted(digest):
        return
    _trusted_now.add(digest)
    line = f"{digest} {utc_now()} {' '.join(what.split())[:200]}\n".encode(errors="replace")
    with contextlib.suppress(OSError):
        ledger = _ledger_path()
        ledger.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
        try:
            os.write(handle, line)  # one write: two processes' lines do not mix
        finally:
            os.close(handle)


def _ledger_path() -> Path:
    return paths.state_dir() / "trusted-code"


def _read_ledger() -> set[str]:
    """The checksums in the file, unless another user may have written it."""
    with contextlib.suppress(OSError), regular_file.open_to_read(_ledger_path()) as file:
        if _is_safe(os.fstat(file.fileno())):
            lines = file.read(_MOST_BYTES).decode(errors="replace").splitlines()
            return {line.partition(" ")[0] for line in lines}
    return set()


def _is_safe(status: os.stat_result) -> bool:
    if not hasattr(os, "getuid"):
        return True
    return status.st_uid == os.getuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
