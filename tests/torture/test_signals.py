"""INT, TERM, HUP at every operation on the disk and at random moments: a checkpoint, the exit code, no orphan."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mnist_tui.events import RunStopped
from mnist_tui.runs.history import RunStatus
from mnist_tui.training import checkpoint
from tests.native.toolchain import needs_compiler
from tests.torture.faulty_runs import FaultyRuns, in_words
from tests.torture.fork_server import Ended, Fault, FaultKind, ForkServer, send

pytestmark = [needs_compiler, pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux")]

STEPS = 4  # an epoch, of 200 images
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Report = Callable[[str], None]


@pytest.fixture(scope="module")
def faulty_runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyRuns]:
    folder = tmp_path_factory.mktemp("signals")
    with ForkServer(folder, checkpoint_seconds=1000.0) as fork_server:  # so that a stop's own checkpoint is needed
        yield FaultyRuns(folder, fork_server, "--epochs=3", "--batch-size=50")


def assert_left_well(faulty_runs: FaultyRuns, ended: Ended, number: signal.Signals) -> str:
    """How the run ended: stopped with a checkpoint and the signal's exit code, or finished before the signal."""
    assert "Traceback" not in ended.err, ended.err
    assert "error" not in ended.err, ended.err
    run = faulty_runs.run("signalled")
    if ended.code == 0:
        assert run.history().status is RunStatus.FINISHED, ended.err
        return "finished"
    assert ended.code == 128 + number, ended.err
    assert run.history().status is RunStatus.STOPPED
    last = list(run.events())[-1]
    assert isinstance(last, RunStopped)
    position = checkpoint.load_state(run.checkpoint_file)["position"]
    assert (position["epoch"] - 1) * STEPS + position["step"] == last.step
    assert f"--resume {run.name}" in ended.err
    return "stopped"


def assert_nothing_runs_on(child: int) -> None:
    """A child of the fork server is the head of a process group of its own."""
    with pytest.raises(ProcessLookupError):
        os.killpg(child, 0)


def test_signals_at_operations_on_the_disk(faulty_runs: FaultyRuns, report: Report) -> None:
    """From creating the folder to the last line of the log, and so also while a checkpoint is written."""
    ways: Counter[str] = Counter()
    for at in range(1, faulty_runs.operations + 1, 2):
        number = SIGNALS[at % 3]
        child = faulty_runs.begin("signalled", Fault(at, FaultKind.SIGNAL, number))
        ended = faulty_runs.wait()
        assert ended.struck
        ways[f"{number.name} {assert_left_well(faulty_runs, ended, number)}"] += 1
        assert_nothing_runs_on(child)
        faulty_runs.assert_goes_on("signalled")
    report(f"a signal at every second of {faulty_runs.operations} operations: {in_words(ways)}")


def test_signals_at_any_moment(faulty_runs: FaultyRuns, report: Report) -> None:
    """From outside, after a random time, once the run has begun."""
    chance, ways = random.Random(5), Counter[str]()
    for count in range(30):
        number = SIGNALS[count % 3]
        child = faulty_runs.begin("signalled")
        while not faulty_runs.run("signalled").log_file.exists():
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.15))  # the moment is what is random here
        send(child, number)
        ended = faulty_runs.wait()
        ways[f"{number.name} {assert_left_well(faulty_runs, ended, number)}"] += 1
        assert_nothing_runs_on(child)
        faulty_runs.assert_goes_on("signalled")
    report(f"30 signals: {in_words(ways)}")


def test_a_second_signal_leaves_at_once_and_costs_no_more_than_a_kill(faulty_runs: FaultyRuns, report: Report) -> None:
    """One signal at an operation on the disk and another at the next: it exits without a checkpoint."""
    ways: Counter[str] = Counter()
    for at in range(1, faulty_runs.operations, 4):
        number = SIGNALS[at // 4 % 3]
        child = faulty_runs.begin("signalled", Fault(at, FaultKind.SIGNALS, number))
        ended = faulty_runs.wait()
        assert ended.code in (0, 128 + number), ended.err
        assert "Traceback" not in ended.err
        run = faulty_runs.run("signalled")
        ways[str(run.history().status) if faulty_runs.exists("signalled") else "not begun"] += 1
        assert_nothing_runs_on(child)
        faulty_runs.assert_usable("signalled")
        faulty_runs.assert_goes_on("signalled")
    report(f"{sum(ways.values())} pairs of signals; the runs were then {in_words(ways)}")
