"""The processor's cores: how many are ours, and who goes first on them. No torch."""

from __future__ import annotations

import contextlib
import math
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from mnist_tui.cgroups import quotas

_NICENESS = 5  # enough for a key to be answered at once; ten did no better

# How long OpenMP's threads look for each other before they sleep: about a millisecond, in libgomp's looks and in
# libomp's milliseconds. Their own 16 to 200 ms burn what another thread would need to come back, where cores are
# scarce; to sleep at once costs half the speed where they are not.
_PATIENCE = {"GOMP_SPINCOUNT": "30000", "KMP_BLOCKTIME": "1"}


def usable_cores(root: Path = Path("/")) -> int:
    """Cores this process may use, which can be fewer than the machine has: the least of what limits it.

    Those are its affinity (`taskset`), the CPU time that its control group and those above it are allowed
    (`docker run --cpus`, a Kubernetes limit), rounded up to whole cores, and OMP_NUM_THREADS. `root` is where `/proc`
    is.
    """
    return min([_there(), *_allowed(root), *_asked_for()])


def _there() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _allowed(root: Path) -> Iterator[int]:
    """Whole cores by each control group's limit."""
    for quota in quotas(root):
        yield math.ceil(quota)


def _asked_for() -> Iterator[int]:
    """What OMP_NUM_THREADS says, if it says something: a number, or one for each level of nesting."""
    with contextlib.suppress(ValueError):
        number = int(os.environ.get("OMP_NUM_THREADS", "").partition(",")[0])
        if number > 0:
            yield number


def prepare_openmp(root: Path = Path("/")) -> None:
    """Let torch begin with as many threads as it may use, which do not look for each other for long.

    To be called before torch is imported: OpenMP reads this from the environment, once. What is said there stands.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        for variable, value in _PATIENCE.items():
            os.environ.setdefault(variable, value)
    allowed = min(_allowed(root), default=_there())
    if allowed < _there():  # of which torch knows nothing
        os.environ.setdefault("OMP_NUM_THREADS", str(allowed))


def give_way() -> None:
    """From now on this thread, and all that it starts, let this process's others go first.

    Linux alone has a priority for each thread; elsewhere it is the process's, and nothing is done.
    """
    if sys.platform == "linux":
        thread = threading.get_native_id()
        with contextlib.suppress(OSError):  # a sandbox may forbid it
            os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + _NICENESS)
