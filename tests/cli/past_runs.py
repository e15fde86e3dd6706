"""Runs as they lie on disk, written without training anything."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mnist_tui import runs
from mnist_tui.config import TrainConfig
from mnist_tui.events import EpochFinished, Event, Notice, RunFailed, RunFinished, RunStarted, RunStopped
from mnist_tui.runs import Run, RunRecord
from tests import sample_runs

CONFIG = TrainConfig(dataset="synthetic", model="linear", epochs=3, batch_size=32, device="cpu", threads=1)
MODEL = {"name": "linear", "parameters": 7850, "source_sha256": None}
DATA = {"name": "synthetic", "source": "drawn", "fingerprint": "0" * 16, "train_images": 60_000}
MACHINE = {"device": "cpu", "threads": 1, "backend": "eager", "processor": "A processor"}
VERSIONS = {"mnist-tui": "0.1.0", "torch": "2.13.0"}


def row(epoch: int, test_accuracy: float, *, best: bool = True, seconds: float = 9.1) -> EpochFinished:
    return EpochFinished(
        epoch=epoch,
        epochs=3,
        train_loss=0.5 / epoch,
        train_accuracy=0.9,
        test_loss=0.4 / epoch,
        test_accuracy=test_accuracy,
        learning_rate=0.01 / 10**epoch,
        seconds=seconds,
        images_per_second=6412.3,
        best=best,
    )


def run_finished(best: float, final: float) -> RunFinished:
    return replace(sample_runs.run_finished(best, final), seconds=27.3, mean_epoch_seconds=9.1)


def write(runs_dir: Path, name: str, *events: Event, created: str = "2026-11-23T21:14:07.000Z") -> Run:
    """A run with these events after its RunStarted; without a last one it was interrupted."""
    record = {
        "schema_version": 1,
        "created": created,
        "config": CONFIG.to_dict(),
        "model": MODEL,
        "data": DATA,
        "machine": MACHINE,
        "versions": VERSIONS,
    }
    run = runs.create(runs_dir, RunRecord.from_dict(record), name=name)
    with run.writer() as writer:
        for event in (run_started(name), *events):
            writer.append(event)
    return run


def run_started(name: str) -> RunStarted:
    return RunStarted(run=name, config=CONFIG.to_dict(), model=MODEL, data=DATA, machine=MACHINE, versions=VERSIONS)


def write_some(runs_dir: Path) -> None:
    """One of each kind, oldest first: good, poor, stopped, failed, interrupted."""
    good = (row(1, 0.97), row(2, 0.99), row(3, 0.98, best=False), run_finished(0.99, 0.98))
    poor = (row(1, 0.60), row(2, 0.70), row(3, 0.80), run_finished(0.80, 0.80))
    write(runs_dir, "good", *good, created="2026-11-01T00:00:00.000Z")
    write(runs_dir, "poor", *poor, created="2026-11-02T00:00:00.000Z")
    stop = RunStopped(epoch=2, step=2000, reason="interrupted by Ctrl+C")
    write(runs_dir, "halted", row(1, 0.90), stop, created="2026-11-03T00:00:00.000Z")
    failure = RunFailed(error="OSError", message="the disk is full", remedy="Make room.")
    write(runs_dir, "broken", failure, created="2026-11-04T00:00:00.000Z")
    notice = Notice(message="Using drawn digits (synthetic) instead of MNIST.", topic="data")
    write(runs_dir, "cut short", notice, row(1, 0.91), created="2026-11-05T00:00:00.000Z")
