"""How many processor cores this process may use, and the priority of its threads. No torch."""

from __future__ import annotations

import contextlib
import math
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from mnist_tui.system.cgroups import read_quotas

_NICENESS = 5  # enough for keys to be answered at once; 10 was no better

# How long OpenMP's threads spin before they sleep: about a millisecond, in libgomp's spin count and in libomp's
# milliseconds. Their defaults of 16 to 200 ms use the CPU time that other threads need where cores are scarce;
# sleeping at once halves the speed where they are not.
_SPIN_TIME = {"GOMP_SPINCOUNT": "30000", "KMP_BLOCKTIME": "1"}


def usable_cores(root: Path = Path("/")) -> int:
    """Cores that this process may use, which can be fewer than the machine has: the smallest of its limits.

    These are its affinity (`taskset`), the CPU limits of its control group and those above it (`docker run --cpus`,
    a Kubernetes limit), rounded up to whole cores, and OMP_NUM_THREADS. `root` is the parent of `/proc`.
    """
    return min([_count_cores(), *_cgroup_limits(root), *_omp_threads()])


def _count_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cgroup_limits(root: Path) -> Iterator[int]:
    """Each control group's limit in whole cores."""
    for quota in read_quotas(root):
        yield math.ceil(quota)


def _omp_threads() -> Iterator[int]:
    """The value of OMP_NUM_THREADS, if it is set: a number, or one per level of nesting."""
    with contextlib.suppress(ValueError):
        number = int(os.environ.get("OMP_NUM_THREADS", "").partition(",")[0])
        if number > 0:
            yield number


def prepare_openmp(root: Path = Path("/")) -> None:
    """Let torch start with as many threads as it may use, and let them spin only briefly.

    Call this before torch is imported: OpenMP reads the environment once. Variables that are already set are kept.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        for variable, value in _SPIN_TIME.items():
            os.environ.setdefault(variable, value)
    allowed = min(_cgroup_limits(root), default=_count_cores())
    if allowed < _count_cores():  # a limit that torch does not know
        os.environ.setdefault("OMP_NUM_THREADS", str(allowed))


def lower_thread_priority() -> None:
    """Give this thread, and threads that it starts, a lower priority than the others of this process.

    Does nothing except on Linux: other systems have one priority per process.
    """
    if sys.platform == "linux":
        thread = threading.get_native_id()
        with contextlib.suppress(OSError):  # a sandbox may forbid it
            os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + _NICENESS)
