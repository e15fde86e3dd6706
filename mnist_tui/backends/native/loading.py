"""From a file to a library in this process."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from mnist_tui.backends.native.process import run
from mnist_tui.backends.unfit import Unfit

_TRIAL = """
import ctypes, sys
try:
    ctypes.CDLL(sys.argv[1])
except OSError as error:
    sys.exit(str(error))
"""

_TRIAL_LIMIT = 60.0  # seconds; it takes a few hundredths of one


def try_out(library: Path, *, stopped: Callable[[], bool]) -> None:
    """Load a library that nobody has loaded yet in a process of its own, which a bad one may bring down.

    Raises Unfit when it does or is refused, and Interrupted.
    """
    command = [sys.executable, "-I", "-S", "-c", _TRIAL, f"./{library.name}"]
    try:
        outcome = run(command, time_limit=_TRIAL_LIMIT, stopped=stopped, folder=library.parent)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unfit(f"the compiled library cannot be tried out: {error}") from error
    if outcome.status != 0:
        raise Unfit(f"the compiled library cannot be loaded: {outcome.explanation}")


def load(library: Path) -> ctypes.CDLL:
    """A library that has been tried out. Raises Unfit where this process, with all that it holds, refuses it."""
    try:
        return ctypes.CDLL(str(library))
    except OSError as error:
        raise Unfit(
            f"the compiled library cannot be loaded: {error}",
            hint=f"Delete {library} to have it compiled again.",
        ) from error
