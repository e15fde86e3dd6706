"""Which processor this is: code made for another may not run on it."""

from __future__ import annotations

import contextlib
import platform
import subprocess
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")

# The fields that differ between kinds of cores; clock rates and core numbers change from one read to the next.
_X86 = ("vendor_id", "cpu family", "model", "model name", "stepping", "flags")
_ARM = ("CPU implementer", "CPU architecture", "CPU variant", "CPU part", "CPU revision", "Features")
_OTHERS = ("isa", "uarch", "cpu")  # RISC-V, POWER
_LINES = frozenset((*_X86, *_ARM, *_OTHERS))


def identity(cpuinfo: Path = CPUINFO) -> str:
    """A text that is the same for processors that run the same machine code, and on every call.

    On Linux each kind of core with its instruction sets, elsewhere the processor's name.
    """
    with contextlib.suppress(OSError):
        lines = cpuinfo.read_text(errors="replace").splitlines()
        # Of all cores, once each: cores may be of several kinds, and come online in any order.
        kinds = sorted({line for line in lines if line.partition(":")[0].strip() in _LINES})
        return "\n".join([platform.machine(), *kinds])
    return "\n".join([platform.machine(), platform.processor(), _brand()])


def _brand() -> str:
    """What a Mac calls its processor; nothing elsewhere."""
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        command = ["sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=10).stdout
    return ""
