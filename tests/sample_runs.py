"""Run folders as training leaves them, made without training."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mnist_tui import runs
from mnist_tui.config import TrainConfig
from mnist_tui.events import EpochFinished, EpochStarted, Event, Progress, RunFailed, RunFinished, RunStarted
from mnist_tui.runs import Run, RunRecord

STEPS = 10


def record(created: str = "2026-11-23T21:14:07.000Z", **settings: Any) -> dict[str, Any]:
    """What `config.json` says."""
    config = TrainConfig(**{"dataset": "mnist", "epochs": 3, **settings})
    return {
        "schema_version": 1,
        "created": created,
        "config": config.to_dict(),
        "model": {"name": config.model, "parameters": 6790, "source_sha256": None},
        "data": {"name": config.dataset, "fingerprint": "f" * 16, "train_images": 60_000},
        "machine": {"device": "cpu", "threads": 1, "backend": "eager", "processor": "A processor"},
        "versions": {"mnist-tui": "0.1.0", "torch": "2.13.0"},
    }


def run_started(name: str, recorded: dict[str, Any], **more: Any) -> RunStarted:
    fields = {key: recorded[key] for key in ("config", "model", "data", "machine", "versions")}
    return RunStarted(run=name, **fields, **more)


def progress(epoch: int, *losses: float, epochs: int = 3, step: int = STEPS) -> Progress:
    return Progress(
        epoch=epoch,
        epochs=epochs,
        phase="training",
        step=step,
        steps=STEPS,
        images_per_second=6000.0,
        loss=0.5,
        accuracy=0.8,
        learning_rate=0.01,
        batch_losses=losses,
    )


def epoch(number: int, accuracy: float = 0.9, *, epochs: int = 3, best: bool = True) -> EpochFinished:
    return EpochFinished(
        epoch=number,
        epochs=epochs,
        train_loss=0.5 / number,
        train_accuracy=accuracy - 0.01,
        test_loss=0.4 / number,
        test_accuracy=accuracy,
        learning_rate=0.01,
        seconds=9.0,
        images_per_second=6000.0,
        best=best,
    )


def run_finished(best: float = 0.92, final: float = 0.91, epochs: int = 3) -> RunFinished:
    return RunFinished(
        epochs=epochs,
        best_epoch=2,
        best_accuracy=best,
        best_test_accuracy=best,
        best_test_loss=0.2,
        best_train_loss=0.2,
        final_test_accuracy=final,
        final_test_loss=0.2,
        selected_on="test",
        seconds=27.0,
        mean_epoch_seconds=9.0,
    )


def epochs_of(accuracies: list[float]) -> Iterator[Event]:
    """Whole epochs, with their Progress lines."""
    for number, accuracy in enumerate(accuracies, 1):
        yield EpochStarted(epoch=number, epochs=len(accuracies), steps=STEPS)
        yield progress(number, 0.5, 0.4)
        yield epoch(number, accuracy, best=accuracy == max(accuracies[:number]))


def write(runs_dir: Path, name: str, *events: Event, created: str = "2026-11-23T21:14:07.000Z", **settings: Any) -> Run:
    """A run with these events after its RunStarted. Without an end it counts as interrupted."""
    recorded = record(created, **settings)
    run = runs.create(runs_dir, RunRecord.from_dict(recorded), name=name)
    with run.writer() as writer:
        for event in (run_started(name, recorded), *events):
            writer.append(event)
    return run


def write_finished(runs_dir: Path, name: str, *accuracies: float, **more: Any) -> Run:
    """A run that ended well, with these test accuracies."""
    end = run_finished(best=max(accuracies), final=accuracies[-1], epochs=len(accuracies))
    return write(runs_dir, name, *epochs_of(list(accuracies)), end, epochs=len(accuracies), **more)


def write_some(runs_dir: Path) -> None:
    """One of each kind, oldest first: alpha and beta finished, gamma failed, delta interrupted, omega damaged."""
    write_finished(runs_dir, "alpha", 0.90, 0.98, 0.97, created="2026-11-01T00:00:00.000Z")
    write_finished(runs_dir, "beta", 0.91, 0.99, 0.99, created="2026-11-02T00:00:00.000Z", lr=0.02, dataset="kmnist")
    failure = RunFailed(error="DivergedError", message="the loss is not a number", remedy="Lower --lr.")
    write(runs_dir, "gamma", failure, created="2026-11-03T00:00:00.000Z", recipe="mine")
    write(runs_dir, "delta", *epochs_of([0.5]), created="2026-11-04T00:00:00.000Z")
    damaged = runs_dir / "omega"
    damaged.mkdir()
    (damaged / "config.json").write_text('{"config": ')
