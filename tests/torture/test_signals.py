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
from tests.torture.ground import Ground, in_words
from tests.torture.nursery import Ended, Fault, How, Nursery, send

pytestmark = [needs_compiler, pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux")]

STEPS = 4  # an epoch, of 200 images
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Report = Callable[[str], None]


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("signals")
    with Nursery(folder, checkpoint_seconds=1000.0) as nursery:  # so that a stop's own checkpoint is needed
        yield Ground(folder, nursery, "--epochs=3", "--batch-size=50")


def assert_left_well(ground: Ground, ended: Ended, number: signal.Signals) -> str:
    """Stopped with a checkpoint and the signal's exit code, or finished before it was heard; which of the two."""
    assert "Traceback" not in ended.err, ended.err
    assert "error" not in ended.err, ended.err
    run = ground.run("signalled")
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
    """A child of the nursery is the head of a process group of its own."""
    with pytest.raises(ProcessLookupError):
        os.killpg(child, 0)


def test_signals_at_operations_on_the_disk(ground: Ground, report: Report) -> None:
    """From the folder's making to the log's last line, thus also inside a checkpoint."""
    ways: Counter[str] = Counter()
    for at in range(1, ground.operations + 1, 2):
        number = SIGNALS[at % 3]
        child = ground.begin("signalled", Fault(at, How.SIGNAL, number))
        ended = ground.wait()
        assert ended.struck
        ways[f"{number.name} {assert_left_well(ground, ended, number)}"] += 1
        assert_nothing_runs_on(child)
        ground.assert_goes_on("signalled")
    report(f"a signal at every second of {ground.operations} operations: {in_words(ways)}")


def test_signals_at_any_moment(ground: Ground, report: Report) -> None:
    """From outside, after a random time, once the run has begun."""
    chance, ways = random.Random(5), Counter[str]()
    for count in range(30):
        number = SIGNALS[count % 3]
        child = ground.begin("signalled")
        while not ground.run("signalled").log_file.exists():
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.15))  # the moment is what is random here
        send(child, number)
        ended = ground.wait()
        ways[f"{number.name} {assert_left_well(ground, ended, number)}"] += 1
        assert_nothing_runs_on(child)
        ground.assert_goes_on("signalled")
    report(f"30 signals: {in_words(ways)}")


def test_a_second_signal_leaves_at_once_and_costs_no_more_than_a_kill(ground: Ground, report: Report) -> None:
    """One at an operation on the disk and another at the next: no checkpoint is waited for."""
    ways: Counter[str] = Counter()
    for at in range(1, ground.operations, 4):
        number = SIGNALS[at // 4 % 3]
        child = ground.begin("signalled", Fault(at, How.SIGNALS, number))
        ended = ground.wait()
        assert ended.code in (0, 128 + number), ended.err
        assert "Traceback" not in ended.err
        run = ground.run("signalled")
        ways[str(run.history().status) if ground.exists("signalled") else "not begun"] += 1
        assert_nothing_runs_on(child)
        ground.assert_usable("signalled")
        ground.assert_goes_on("signalled")
    report(f"{sum(ways.values())} pairs of signals; the runs were then {in_words(ways)}")
