"""How many cores count: affinity, control groups of both versions, and OMP_NUM_THREADS."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mnist_tui.system import cpu
from mnist_tui.system.cpu import prepare_openmp, usable_cores

V1 = "33 31 0:30 {root} {place} rw,relatime - cgroup cgroup rw,cpu,cpuacct"
V2 = "41 31 0:38 {root} {place} rw,relatime - cgroup2 cgroup2 rw"


@pytest.fixture(autouse=True)
def machine_of_eight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu.os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)


def system(
    root: Path,
    mount: str,
    path: str,
    groups: dict[str, str],
    *,
    mounted: str = "/",
    place: str = "/sys/fs/cgroup",
) -> Path:
    """A tree with what Linux shows of `groups`, each by its folder below the mount with what it says."""
    (root / "proc/self").mkdir(parents=True)
    named = "" if "cgroup2" in mount else "cpu,cpuacct"
    (root / "proc/self/cgroup").write_text(f"5:memory:/elsewhere\n3:{named}:{path}\n")
    line = mount.format(root=mounted, place=place.replace(" ", "\\040"))
    (root / "proc/self/mountinfo").write_text(f"23 1 0:5 / /proc rw - proc proc rw\n{line}\n")
    for folder, said in groups.items():
        here = root / place.lstrip("/") / folder
        here.mkdir(parents=True, exist_ok=True)
        if "cgroup2" in mount:
            (here / "cpu.max").write_text(said + "\n")
        else:
            quota, period = said.split()
            (here / "cpu.cfs_quota_us").write_text(quota + "\n")
            (here / "cpu.cfs_period_us").write_text(period + "\n")
    return root


@pytest.mark.parametrize(
    ("mount", "said", "expected"),
    [
        (V2, "max 100000", 8),
        (V2, "200000 100000", 2),
        (V2, "150000 100000", 2),
        (V2, "50000 100000", 1),
        (V2, "1000 100000", 1),
        (V2, "1600000 100000", 8),
        (V1, "-1 100000", 8),
        (V1, "50000 100000", 1),
        (V1, "30000 10000", 3),
    ],
)
def test_a_control_groups_limit_counts(tmp_path: Path, mount: str, said: str, expected: int) -> None:
    assert usable_cores(system(tmp_path, mount, "/pod/box", {"pod/box": said})) == expected


@pytest.mark.parametrize(("mount", "free"), [(V1, "-1 100000"), (V2, "max 100000")])
def test_the_groups_above_count_too(tmp_path: Path, mount: str, free: str) -> None:
    groups = {"pod/box": "400000 100000", "pod": "200000 100000", "": free}
    assert usable_cores(system(tmp_path, mount, "/pod/box", groups)) == 2


def test_a_container_sees_its_own_group_at_the_top(tmp_path: Path) -> None:
    """As Docker mounts it without a namespace of its own: the path is the host's, and so is the mount's root."""
    root = system(tmp_path, V1, "/docker/1a2b", {"": "300000 100000"}, mounted="/docker/1a2b")
    assert usable_cores(root) == 3


def test_a_group_outside_of_what_is_mounted_is_taken_for_the_top(tmp_path: Path) -> None:
    assert usable_cores(system(tmp_path, V2, "/../other", {"": "300000 100000"})) == 3


def test_a_mount_point_may_have_a_space(tmp_path: Path) -> None:
    root = system(tmp_path, V2, "/", {"": "300000 100000"}, place="/sys/control groups")
    assert usable_cores(root) == 3


@pytest.mark.parametrize("said", ["", "many 100000", "100000 0", "1 2 3", "-5 100000"])
def test_a_limit_that_cannot_be_read_is_none(tmp_path: Path, said: str) -> None:
    assert usable_cores(system(tmp_path, V2, "/", {"": said})) == 8


def test_a_system_without_control_groups_has_no_limit(tmp_path: Path) -> None:
    assert usable_cores(tmp_path) == 8
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text("no colons\n")
    (tmp_path / "proc/self/mountinfo").write_text("short - line\n")
    assert usable_cores(tmp_path) == 8


@pytest.mark.parametrize(
    ("said", "expected"),
    [("3", 3), (" 2 ", 2), ("4,3,2", 4), ("64", 8), ("0", 8), ("-1", 8), ("many", 8), ("", 8), ("²", 8)],
)
def test_omp_num_threads_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, expected: int) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", said)
    assert usable_cores(tmp_path) == expected


@pytest.fixture
def limited_group() -> Iterator[Path]:
    """A real control group of this machine that allows half a core; skips where none may be made."""
    name = f"mnist-tui-test-{os.getpid()}"
    for top, limit in (
        (Path("/sys/fs/cgroup/cpu"), {"cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": "50000"}),
        (Path("/sys/fs/cgroup"), {"cpu.max": "50000 100000"}),
    ):
        group = top / name
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            for file, said in limit.items():
                if not (group / file).exists():
                    break
                (group / file).write_text(said)
            else:
                yield group
                return
        except OSError:
            pass
        finally:
            group.rmdir()
    pytest.skip("no control group can be made here")


def test_a_real_control_group_is_found(limited_group: Path) -> None:
    program = "import sys, pathlib, os\n(pathlib.Path(sys.argv[1]) / 'cgroup.procs').write_text(str(os.getpid()))\n"
    program += "from mnist_tui.system.cgroups import read_quotas\nprint(min(read_quotas()))"
    shown = subprocess.run(
        [sys.executable, "-c", program, str(limited_group)], capture_output=True, text=True, check=True
    )
    assert float(shown.stdout) == 0.5


def openmp_says(**variables: str) -> str:
    """The settings that the OpenMP of torch begins with in our command line, as it prints them."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "GOMP_", "KMP_"))}
    shown = subprocess.Popen(
        [sys.executable, "-m", "mnist_tui", "inspect-model"],
        env={**own, "OMP_DISPLAY_ENV": "VERBOSE", **variables},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    said = ""
    with shown:
        assert shown.stderr is not None
        for line in shown.stderr:
            said += line
            if "DISPLAY ENVIRONMENT END" in line:
                shown.kill()  # what else there is to load takes longest
    return said


def test_threads_of_torch_wait_briefly() -> None:
    said = openmp_says()
    if "GOMP_SPINCOUNT" not in said:
        pytest.skip("this torch has another OpenMP")
    assert "GOMP_SPINCOUNT = '30000'" in said


@pytest.mark.parametrize("own", [{"GOMP_SPINCOUNT": "77"}, {"OMP_WAIT_POLICY": "ACTIVE"}])
def test_openmp_settings_of_the_user_are_kept(own: dict[str, str]) -> None:
    assert "GOMP_SPINCOUNT = '30000'" not in openmp_says(**own)


@pytest.mark.parametrize(("own", "expected"), [(None, "2"), ("5", "5")])
def test_torch_begins_with_no_more_threads_than_are_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: str | None, expected: str
) -> None:
    monkeypatch.setattr(os, "environ", {} if own is None else {"OMP_NUM_THREADS": own})
    prepare_openmp(system(tmp_path, V2, "/pod", {"pod": "150000 100000"}))
    assert os.environ["OMP_NUM_THREADS"] == expected


def test_torch_gets_no_settings_where_nothing_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {})
    prepare_openmp(tmp_path)
    assert "OMP_NUM_THREADS" not in os.environ
