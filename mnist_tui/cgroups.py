"""How much CPU time Linux's control groups allow: what `docker run --cpus` and Kubernetes set. No torch."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

_ESCAPED = re.compile(r"\\([0-7]{3})")


def quotas(root: Path = Path("/")) -> Iterator[float]:
    """Cores' worth of time that this process's control groups may use, those above them included.

    Nothing of those without a limit, nor where there are no control groups. `root` is where `/proc` is.
    """
    with contextlib.suppress(OSError, ValueError):
        for group, top in _groups(root):
            for folder in (group, *group.parents):
                with contextlib.suppress(OSError, ValueError, ZeroDivisionError):
                    yield _quota(folder)
                if folder == top:
                    break


def _quota(group: Path) -> float:
    """Raises OSError or ValueError where this one has no limit."""
    if (group / "cpu.max").exists():  # version 2, "max 100000" where there is none
        quota, period = (group / "cpu.max").read_text().split()
    else:
        quota, period = ((group / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
    if int(quota) <= 0:  # version 1, -1 where there is none
        raise ValueError("no limit")
    return int(quota) / int(period)


def _groups(root: Path) -> Iterator[tuple[Path, Path]]:
    """In each hierarchy that can limit CPU time this process's group, and the topmost that can be seen from here."""
    paths = _paths(root)
    for line in (root / "proc/self/mountinfo").read_text(errors="surrogateescape").splitlines():
        mount, _, system = line.partition(" - ")
        kind, _, options = system.split(maxsplit=2)
        controller = {"cgroup2": "", "cgroup": "cpu"}.get(kind)
        if controller in paths and (kind == "cgroup2" or "cpu" in options.split(",")):
            mounted, place = (_unescaped(field) for field in mount.split()[3:5])
            top = root / place.lstrip("/")
            yield top / _below(mounted, paths[controller]), top


def _paths(root: Path) -> dict[str, str]:
    """The path of this process's group by controller; that of version 2, which has one for all, by no name."""
    lines = (root / "proc/self/cgroup").read_text(errors="surrogateescape").splitlines()
    entries = (line.split(":", maxsplit=2) for line in lines)
    return {name: path for _, names, path in entries for name in names.split(",")}


def _below(mounted: str, path: str) -> PurePosixPath:
    """Where a group is in what is mounted; the top for one outside of it, as a container may be told."""
    try:
        below = PurePosixPath(path).relative_to(mounted)
    except ValueError:
        return PurePosixPath()
    return PurePosixPath() if ".." in below.parts else below


def _unescaped(field: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 8)), field)
