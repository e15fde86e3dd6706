"""Loading a compiled library into this process."""

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

from mnist_tui.native.toolchain.process import run_all
from mnist_tui.native.unsupported import Unsupported

_TEST = """
import ctypes, sys
try:
    ctypes.CDLL(sys.argv[1])
except OSError as error:
    sys.exit(str(error))
"""

_TEST_LIMIT = 60.0  # seconds; it takes a few hundredths of one


def check_loads(library: Path, *, should_stop: Callable[[], bool]) -> None:
    """Load a new library in a process of its own first, which a bad one may crash.

    Raises Unsupported if it does or cannot be loaded, and Interrupted.
    """
    command = [sys.executable, "-I", "-S", "-c", _TEST, f"./{library.name}"]
    try:
        _, result = run_all([command], time_limit=_TEST_LIMIT, should_stop=should_stop, workspace=library.parent)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unsupported(f"the compiled library cannot be tested: {error}") from error
    if result.status != 0:
        raise Unsupported(f"the compiled library cannot be loaded: {result.explanation}")


_loaded: dict[bytes, ctypes.CDLL] = {}  # by the checksum of their bytes


def load_library(content: bytes, *, cached_as: Path) -> ctypes.CDLL:
    """Load exactly these bytes, from a place that no other user can write to; the same bytes are loaded once.

    Raises Unsupported if this process cannot load them. `cached_as` is the file that its hint says to delete.
    """
    digest = hashlib.sha256(content).digest()
    if digest not in _loaded:
        try:
            _loaded[digest] = _from_memory(content) or _from_copy(content)
        except OSError as error:
            raise Unsupported(
                f"the compiled library cannot be loaded: {error}",
                hint=f"Delete {cached_as} to have it compiled again.",
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
