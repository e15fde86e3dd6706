"""Long runs and large logs: memory, open files and threads stay as they are, and reading takes time by the line."""

from __future__ import annotations

import gc
import os
import resource
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mnist_tui import events
from mnist_tui.data import datasets
from mnist_tui.events import EpochFinished, Event, RunFinished
from mnist_tui.runs import Run
from mnist_tui.runs.log_tail import LogTail
from mnist_tui.runs.summary import summarize
from mnist_tui.training import run_training
from tests import sample_runs
from tests.engine_fixtures import tiny_config, tiny_dataset

Report = Callable[[str], None]

EPOCHS = 10_000
EVENTS = 1_000_000


def resident() -> int:
    """Kilobytes of memory that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1024


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a Path would be opened for it too


def test_ten_thousand_epochs_leave_memory_files_and_threads_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, report: Report
) -> None:
    data = tiny_dataset(train=8, test=4)
    monkeypatch.setattr(datasets, "load_dataset", lambda *_args, **_options: data)
    monkeypatch.setattr(os, "fsync", lambda _file: None)  # a disk's speed is not what is measured
    held: dict[int, tuple[int, int, int]] = {}
    times: dict[int, float] = {}

    def watch(event: Event) -> None:
        if isinstance(event, EpochFinished) and event.epoch % 1000 == 0:
            gc.collect()
            held[event.epoch] = resident(), open_files(), threading.active_count()
            times[event.epoch] = time.process_time()

    outcome = run_training.start_run(
        tiny_config(epochs=EPOCHS), data_dir=tmp_path, runs_dir=tmp_path / "runs", report=watch
    )
    assert isinstance(outcome.event, RunFinished)
    assert len(outcome.run.history(progress=False).epochs) == EPOCHS
    first, last = held[1000], held[EPOCHS]
    early, late = times[2000] - times[1000], times[EPOCHS] - times[EPOCHS - 1000]
    report(
        f"{EPOCHS:,} epochs: {last[0] - first[0]:+,} KB from epoch 1,000 to the end, {last[1] - first[1]:+} files, "
        f"{last[2] - first[2]:+} threads; a thousand epochs took {early:.1f} s at first, {late:.1f} s at last"
    )
    assert last[0] - first[0] < 8_000
    assert last[1:] == first[1:]
    assert late < 1.75 * early


def _seconds(work: Callable[[], object], times: int = 3) -> float:
    """Of this process, at best: what others do on the machine must not decide."""
    took = []
    for _ in range(times):
        started_at = time.process_time()
        work()
        took.append(time.process_time() - started_at)
    return min(took)


def test_a_million_events_are_read_in_time_by_the_line(tmp_path: Path, report: Report) -> None:
    run: Run = sample_runs.write_finished(tmp_path / "runs", "long", 0.9)
    line = events.to_json(sample_runs.progress(1, 0.5, 0.4)) + "\n"
    head = run.log_file.read_text()
    took = {}
    for count in (EVENTS // 4, EVENTS):
        with run.log_file.open("w") as log:
            log.write(head)
            log.writelines(line for _ in range(count))
        files = open_files()
        tail = LogTail(run, progress=False)
        took[count] = (
            _seconds(lambda: summarize(run)),
            _seconds(run.history, times=1),
            _seconds(lambda: LogTail(run, progress=False).read_new()),
            _seconds(tail.read_new),
        )
        assert open_files() == files
    summary, history, first, again = took[EVENTS]
    report(
        f"{EVENTS:,} events, {run.log_file.stat().st_size >> 20} MB: a summary takes {summary:.1f} s, all of it "
        f"{history:.1f} s, following {first:.1f} s at first and {again * 1000:.1f} ms then; a quarter of them took "
        f"{took[EVENTS // 4][0]:.1f} and {took[EVENTS // 4][1]:.1f} s"
    )
    for small, large in zip(took[EVENTS // 4][:3], took[EVENTS][:3], strict=True):
        assert large < 4 * 1.75 * small
    assert again < 0.05
