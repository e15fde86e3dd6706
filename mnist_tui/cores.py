"""The processor's cores: how many are ours, and who goes first on them. No torch."""

from __future__ import annotations

import contextlib
import os
import sys
import threading

_NICENESS = 5  # enough for a key to be answered at once; ten did no better


def usable_cores() -> int:
    """Cores this process may use, which can be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def give_way() -> None:
    """From now on this thread, and all that it starts, let this process's others go first.

    Linux alone has a priority for each thread; elsewhere it is the process's, and nothing is done.
    """
    if sys.platform == "linux":
        thread = threading.get_native_id()
        with contextlib.suppress(OSError):  # a sandbox may forbid it
            os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + _NICENESS)
