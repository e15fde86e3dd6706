"""From a file to a library in this process."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from mnist_tui.native.toolchain.process import run
from mnist_tui.native.unsupported import Unsupported

_TRIAL = """
import ctypes, sys
try:
    ctypes.CDLL(sys.argv[1])
except OSError as error:
    sys.exit(str(error))
"""

_TRIAL_LIMIT = 60.0  # seconds; it takes a few hundredths of one


def try_out(library: Path, *, should_stop: Callable[[], bool]) -> None:
    """Load a library that nobody has loaded yet in a process of its own, which a bad one may bring down.

    Raises Unfit when it does or is refused, and Interrupted.
    """
    command = [sys.executable, "-I", "-S", "-c", _TRIAL, f"./{library.name}"]
    try:
        outcome = run(command, time_limit=_TRIAL_LIMIT, should_stop=should_stop, workspace=library.parent)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unsupported(f"the compiled library cannot be tried out: {error}") from error
    if outcome.status != 0:
        raise Unsupported(f"the compiled library cannot be loaded: {outcome.explanation}")


_loaded: dict[bytes, ctypes.CDLL] = {}  # by the sum of their bytes


def load(content: bytes, *, kept_as: Path) -> ctypes.CDLL:
    """A loaded and tested library. Raises Unfit if this process cannot load it.

    Exactly the given bytes are loaded, from a place that no other user can write to; `kept_as` is only named in the
    error as the file to delete. The same bytes are loaded once.
    """
    digest = hashlib.sha256(content).digest()
    if digest not in _loaded:
        try:
            _loaded[digest] = _from_memory(content) or _from_copy(content)
        except OSError as error:
            raise Unsupported(
                f"the compiled library cannot be loaded: {error}",
                hint=f"Delete {kept_as} to have it compiled again.",
            ) from error
    return _loaded[digest]


def _from_memory(content: bytes) -> ctypes.CDLL | None:
    """From an in-memory file; None if the system has none, or does not allow running it."""
    if not hasattr(os, "memfd_create"):
        return None
    import fcntl  # of POSIX alone

    sealed = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
    with contextlib.suppress(OSError):
        descriptor = os.memfd_create("compiled step", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            with os.fdopen(descriptor, "wb", closefd=False) as file:
                file.write(content)
            fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, sealed)
            # It stays open: the system treats two libraries of the same name as one.
            return ctypes.CDLL(f"/proc/self/fd/{descriptor}")
        except OSError:
            os.close(descriptor)
    return None


def _from_copy(content: bytes) -> ctypes.CDLL:
    """From a file in a private folder, which is then deleted."""
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "step.so"
        library.write_bytes(content)
        return ctypes.CDLL(str(library))
