"""A disk that fails at each operation in turn: reported with the path, nothing lost, no failure called a success."""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.native.toolchain import needs_compiler
from tests.torture.faulty_runs import FaultyRuns, in_words
from tests.torture.fork_server import Fault, FaultKind, ForkServer

pytestmark = [needs_compiler, pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux")]

Report = Callable[[str], None]


@pytest.fixture(scope="module")
def faulty_runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyRuns]:
    """Two epochs of two steps, so that every operation can have its turn."""
    folder = tmp_path_factory.mktemp("disk")
    with ForkServer(folder) as fork_server:
        yield FaultyRuns(folder, fork_server, "--epochs=2", "--batch-size=100")


@pytest.mark.parametrize(
    ("how", "code", "step"),
    [(FaultKind.FAIL_ONCE, errno.EIO, 1), (FaultKind.FAIL_FROM, errno.ENOSPC, 3), (FaultKind.FAIL_FROM, errno.EIO, 4)],
    ids=["once", "full from there on", "broken from there on"],
)
def test_every_operation_on_the_disk_fails_in_turn(
    faulty_runs: FaultyRuns, report: Report, how: FaultKind, code: int, step: int
) -> None:
    ways: Counter[str] = Counter()
    for at in range(1, faulty_runs.operations + 1, step):
        ended = faulty_runs.train("failing", Fault(at, how, code))
        what = f"operation {at}, {ended.struck}: {ended.err}"
        assert ended.struck, what
        assert "Traceback" not in ended.err, what
        if ended.code == 0:
            ways["without consequence"] += 1
        else:
            assert ended.code in (1, 4), what
            assert ended.err.startswith("error: "), what
            assert str(faulty_runs.disk) in ended.err, what
            assert os.strerror(code) in ended.err, what
            ways[f"reported with exit code {ended.code}"] += 1
        try:
            faulty_runs.assert_goes_on("failing")
        except AssertionError as error:
            raise AssertionError(f"after {what}") from error
    report(f"{os.strerror(code)}, {how.name.lower()}, {sum(ways.values())} times: {in_words(ways)}")
