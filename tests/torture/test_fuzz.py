"""What a fuzzer makes up, guided by the code that it reaches: read, or refused in words, soon and in little memory."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.torture.fork_server import ROOT
from tests.torture.fuzz.of_files import HARNESSES as OF_FILES
from tests.torture.fuzz.of_runs import HARNESSES as OF_RUNS

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None, reason="needs the fuzzer: pip install 'mnist-tui[fuzz]'"
)

Report = Callable[[str], None]

SECONDS = 20
_STATE = re.compile(r"^#(\d+)\s+(INITED|DONE)\s+cov: (\d+) ft: (\d+) corp: (\d+)/", re.MULTILINE)


@dataclass(frozen=True)
class State:
    """After so many inputs: the branches reached, the features (branches by how often), and the inputs kept."""

    inputs: int
    branches: int
    features: int
    inputs_kept: int


@dataclass(frozen=True)
class Hunt:
    """How the fuzzer ended (0: it found nothing), and its output."""

    code: int
    output: str

    def state(self, when: str) -> State:
        [found] = [groups for groups in _STATE.findall(self.output) if groups[1] == when]
        return State(*(int(group) for group in found if group != when))

    def figure(self, name: str) -> int:
        return int(re.findall(rf"stat::{name}:\s+(\d+)", self.output)[0])


def hunt(name: str, folder: Path, seconds: int = SECONDS) -> Hunt:
    words = ["-m", "tests.torture.fuzz", name, "--seconds", str(seconds), "--folder", str(folder)]
    ended = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, timeout=seconds + 200, check=False)
    return Hunt(ended.returncode, (ended.stdout + ended.stderr).decode(errors="replace"))


@pytest.mark.parametrize("name", [*OF_RUNS, *OF_FILES])
def test_nothing_made_up_does_harm(name: str, tmp_path: Path, report: Report) -> None:
    result = hunt(name, tmp_path)
    assert result.code == 0, result.output[-6000:]
    assert "Warning" not in result.output.replace("WARNING: Failed to find function", "")
    initial, done = result.state("INITED"), result.state("DONE")
    assert done.features > initial.features, "nothing new was reached"
    assert done.inputs_kept > initial.inputs_kept
    report(
        f"{done.inputs:,} inputs in {SECONDS} s, no fault; from {initial.branches} to {done.branches} branches, from "
        f"{initial.features} to {done.features:,} features, {done.inputs_kept} inputs kept; the slowest took "
        f"{result.figure('slowest_unit_time_sec')} s, most memory {result.figure('peak_rss_mb')} MB"
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("planted", "ValueError: planted"),
        ("greedy", "ExcessError: "),
        ("endless", "ERROR: libFuzzer: timeout"),
    ],
)
def test_a_planted_fault_is_found(name: str, words: str, tmp_path: Path, report: Report) -> None:
    result = hunt(name, tmp_path)
    assert result.code != 0
    assert words in result.output, result.output[-6000:]
    report(f"found after {result.figure('number_of_executed_units'):,} inputs")
