"""Many at once, in one runs folder, one data folder and one cache: each gets its own, and none is harmed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mnist_tui import runs
from mnist_tui.errors import MnistTuiError, RunError
from mnist_tui.events import RunFinished
from mnist_tui.native.toolchain.cache import Cache, cache_key
from mnist_tui.runs import Run
from mnist_tui.runs.log_tail import LogTail
from tests import sample_runs
from tests.engine_fixtures import Lab, at_step, rows, tiny_config, tiny_dataset

Report = Callable[[str], None]

MANY = 20


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    return Lab(tmp_path, monkeypatch)


def _train_one(folder: Path, barrier: Any, ends: Any) -> None:
    """In a process that was forked: all begin at the same moment, without a name of their own."""
    from mnist_tui.data import datasets
    from mnist_tui.training import run_training

    datasets.load_dataset = lambda *_args, **_options: tiny_dataset()  # type: ignore[assignment]
    barrier.wait()
    try:
        outcome = run_training.start_run(
            tiny_config(), data_dir=folder, runs_dir=folder / "runs", report=lambda _event: None
        )
        ends.put((outcome.run.name, type(outcome.event).__name__))
    except BaseException as error:
        ends.put((repr(error), "raised"))


def test_twenty_runs_at_once_are_twenty_runs(lab: Lab, tmp_path: Path, report: Report) -> None:
    context = multiprocessing.get_context("fork")
    barrier, ends = context.Barrier(MANY), context.Queue()
    processes = [context.Process(target=_train_one, args=(tmp_path, barrier, ends)) for _ in range(MANY)]
    for process in processes:
        process.start()
    outcomes = [ends.get(timeout=120) for _ in processes]
    for process in processes:
        process.join()
    names = {name for name, _ in outcomes}
    assert {end for _, end in outcomes} == {"RunFinished"}, outcomes
    assert len(names) == MANY
    found = runs.list_runs(tmp_path / "runs")
    assert {run.name for run in found} == names
    expected = rows(found[0])
    assert all(rows(run) == expected and not run.is_locked() for run in found)
    report(f"{MANY} runs begun at the same moment in one folder: {MANY} names, {MANY} sound logs, the same rows")


def test_of_many_who_resume_one_run_one_does(lab: Lab, report: Report) -> None:
    run = lab.start(watch=lab.stop_at(at_step(9))).run
    writing = threading.Event()
    with run.writer():
        writing.set()
        refused = 0
        for _ in range(10):
            with pytest.raises(RunError, match="in use by another process"):
                Run(run.folder).writer()
            refused += 1
    assert isinstance(lab.resume(run).event, RunFinished)
    report(f"{refused} second trainers of one run: each refused, the run unharmed")


HOLD = """
import sys, time
from pathlib import Path
from mnist_tui.runs import Run
with Run(Path(sys.argv[1])).writer() as writer:
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_lock_of_a_killed_process_is_free(lab: Lab, report: Report) -> None:
    run = lab.start(watch=lab.stop_at(at_step(9))).run
    for _ in range(10):
        with subprocess.Popen(
            [sys.executable, "-c", HOLD, str(run.folder)], stdout=subprocess.PIPE, text=True
        ) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            assert run.is_locked()
            holder.send_signal(signal.SIGKILL)
        assert not run.is_locked()
    assert isinstance(lab.resume(run).event, RunFinished)
    report("10 processes killed while they held the lock: free at once each time, and the run was resumed")


def test_readers_of_runs_that_come_go_and_change_names(tmp_path: Path, report: Report) -> None:
    folder, done = tmp_path / "runs", threading.Event()
    errors: list[BaseException] = []
    looks = [0]

    def read() -> None:
        try:
            while not done.is_set():
                for run in runs.list_runs(folder):
                    tail = LogTail(run)
                    try:
                        run.record()
                        run.history(progress=False)
                        tail.read_new()
                        tail.read_new()
                    except MnistTuiError:
                        continue  # it has just gone
                looks[0] += 1
        except BaseException as error:
            errors.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    try:
        for number in range(100):
            run = sample_runs.write_finished(folder, f"run-{number}", 0.9, 0.95)
            for attempt in range(20):  # a reader looks at the lock for a moment
                try:
                    run = run.rename(f"new-{number}-{attempt}")
                    run.delete()
                    break
                except RunError as error:
                    assert "in use" in str(error)
                    run = Run(next(one for one in (run.folder, folder / f"new-{number}-{attempt}") if one.exists()))
    finally:
        done.set()
        for reader in readers:
            reader.join()
    assert errors == []
    assert runs.list_runs(folder) == []
    report(f"100 runs made, renamed and deleted under 3 readers, who looked {looks[0]} times: no error")


def test_a_cache_that_many_use_never_gives_what_is_damaged(tmp_path: Path, report: Report) -> None:
    contents = {cache_key([bytes([number])]): os.urandom(20_000) for number in range(5)}
    done = threading.Event()
    errors: list[object] = []
    found = [0]

    def use() -> None:
        cache = Cache(tmp_path)
        while not done.is_set():
            for key, content in contents.items():
                kept = cache.find(key)
                if kept is not None and kept.content != content:
                    errors.append(kept.name)
                found[0] += kept is not None

    users = [threading.Thread(target=use) for _ in range(3)]
    for user in users:
        user.start()
    cache, damages = Cache(tmp_path), 0
    for number in range(300):
        for key, content in contents.items():
            cache.publish(key, content)
        key = list(contents)[number % 5]
        foreign = tmp_path / f"{key}-{'0' * 64}.so"
        foreign.write_bytes(os.urandom(100))
        (tmp_path / f"{cache_key([b'another processor'])}-{'0' * 64}.so").write_bytes(b"foreign")
        damages += 2
    done.set()
    for user in users:
        user.join()
    assert errors == []
    assert found[0] > 100
    report(f"{damages} foreign or torn entries among 5 libraries, 3 readers: {found[0]} times the right bytes")
