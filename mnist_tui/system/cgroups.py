"""CPU limits of Linux control groups, which `docker run --cpus` and Kubernetes set. No torch."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

_ESCAPED = re.compile(r"\\([0-7]{3})")


def read_quotas(root: Path = Path("/")) -> Iterator[float]:
    """CPU limits, in cores, of this process's control groups and the groups above them.

    Groups without a limit yield nothing, nor do systems without control groups. `root` is the parent of `/proc`.
    """
    with contextlib.suppress(OSError, ValueError):
        for group, top in _find_groups(root):
            for folder in (group, *group.parents):
                with contextlib.suppress(OSError, ValueError, ZeroDivisionError):
                    yield _read_quota(folder)
                if folder == top:
                    break


def _read_quota(group: Path) -> float:
    """Raises OSError or ValueError if this group has no limit."""
    if (group / "cpu.max").exists():  # version 2, "max 100000" without a limit
        quota, period = (group / "cpu.max").read_text().split()
    else:
        quota, period = ((group / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
    if int(quota) <= 0:  # version 1, -1 without a limit
        raise ValueError("no limit")
    return int(quota) / int(period)


def _find_groups(root: Path) -> Iterator[tuple[Path, Path]]:
    """For each hierarchy that can limit CPU time: this process's group, and the topmost group visible from here."""
    paths = _read_group_paths(root)
    for line in (root / "proc/self/mountinfo").read_text(errors="surrogateescape").splitlines():
        mount, _, system = line.partition(" - ")
        kind, _, options = system.split(maxsplit=2)
        controller = {"cgroup2": "", "cgroup": "cpu"}.get(kind)
        if controller in paths and (kind == "cgroup2" or "cpu" in options.split(",")):
            mounted, place = (_unescape(field) for field in mount.split()[3:5])
            top = root / place.lstrip("/")
            yield top / _relative_path(mounted, paths[controller]), top


def _read_group_paths(root: Path) -> dict[str, str]:
    """The path of this process's group by controller; version 2 has one group for all, under an empty name."""
    lines = (root / "proc/self/cgroup").read_text(errors="surrogateescape").splitlines()
    entries = (line.split(":", maxsplit=2) for line in lines)
    return {name: path for _, names, path in entries for name in names.split(",")}


def _relative_path(mounted: str, path: str) -> PurePosixPath:
    """A group's path below the mount point; the mount point itself for a group outside of it, as seen in containers."""
    try:
        below = PurePosixPath(path).relative_to(mounted)
    except ValueError:
        return PurePosixPath()
    return PurePosixPath() if ".." in below.parts else below


def _unescape(field: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 8)), field)
