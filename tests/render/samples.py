"""Events of made-up runs, and renderables as the text they become."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console, RenderableType

from mnist_tui.config import TrainConfig
from mnist_tui.events import EpochFinished, Progress, RunStarted


def text(renderable: RenderableType, width: int = 80) -> str:
    """As a console of `width` columns prints it, without colors."""
    console = Console(file=io.StringIO(), width=width, highlight=False)
    console.print(renderable)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def run_started(dataset: str = "mnist", **config: Any) -> RunStarted:
    return RunStarted(
        run="2026-11-23T21-14-07-mnist-reference",
        config=TrainConfig(**config).to_dict(),
        model={"name": "reference", "parameters": 6790},
        data={"name": dataset, "train_images": 60_000},
        machine={"device": "cpu", "threads": 2},
        versions={},
    )


def row(epoch: int, **changes: Any) -> EpochFinished:
    values: dict[str, Any] = {
        "epoch": epoch,
        "epochs": 15,
        "train_loss": 0.5504 / epoch,
        "train_accuracy": 0.857 + epoch / 1000,
        "test_loss": 0.096 / epoch,
        "test_accuracy": 0.97 + epoch / 1000,
        "learning_rate": 0.00812,
        "seconds": 9.1,
        "images_per_second": 6412.0,
        "best": True,
    }
    return EpochFinished(**values | changes)


def progress(step: int, **changes: Any) -> Progress:
    values: dict[str, Any] = {
        "epoch": 4,
        "epochs": 15,
        "phase": "training",
        "step": step,
        "steps": 3750,
        "images_per_second": 6412.0,
        "loss": 0.1234,
        "accuracy": 0.9617,
        "learning_rate": 0.01,
    }
    return Progress(**values | changes)
