"""Processors that run the same code have one identity, on every call."""

from __future__ import annotations

import platform
from pathlib import Path

from mnist_tui.native.toolchain.processor import CPUINFO, identity

CORE = "processor\t: {number}\nmodel name\t: Some CPU\ncpu MHz\t\t: {clock}\nflags\t\t: fpu {flag}\n\n"


def described(file: Path, *cores: tuple[int, float, str]) -> str:
    file.write_text("".join(CORE.format(number=number, clock=clock, flag=flag) for number, clock, flag in cores))
    return identity(file)


def test_clock_rates_and_the_number_of_cores_do_not_count(tmp_path: Path) -> None:
    file = tmp_path / "cpuinfo"
    once = described(file, (0, 800.0, "avx"))
    assert "Some CPU" in once
    assert once == described(file, (0, 3200.5, "avx"), (1, 1000.0, "avx"))


def test_instruction_sets_count_on_every_core(tmp_path: Path) -> None:
    file = tmp_path / "cpuinfo"
    both = described(file, (0, 1.0, "avx"), (1, 1.0, "avx512f"))
    assert both == described(file, (0, 1.0, "avx512f"), (1, 1.0, "avx"))
    assert len({both, described(file, (0, 1.0, "avx")), described(file, (0, 1.0, "avx512f"))}) == 3


def test_other_bytes_than_text_do_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "cpuinfo"
    file.write_bytes(b"flags\t: \xff\xfe\n")
    assert identity(file)


def test_without_cpuinfo_it_is_the_machines_kind(tmp_path: Path) -> None:
    assert platform.machine() in identity(tmp_path / "missing")


def test_this_machine() -> None:
    assert identity() == identity()
    if CPUINFO.is_file():
        assert len(identity()) > len(platform.machine()) + 20
