"""What the engine's tests share: a dataset of a few hundred learnable images, and runs of a few milliseconds."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from mnist_tui import events, models
from mnist_tui.config import TrainConfig
from mnist_tui.data import datasets
from mnist_tui.data.loader import DeviceData
from mnist_tui.data.types import DIGITS, Dataset, Split
from mnist_tui.events import EpochFinished, Event
from mnist_tui.native.toolchain.compiler import Compiler
from mnist_tui.runs import Run
from mnist_tui.training import checkpoint, evaluate, recorder, run_training, trainer
from mnist_tui.training.backends.eager import EagerBackend
from mnist_tui.training.control import Control
from mnist_tui.training.recorder import RunResult
from mnist_tui.training.train_state import TrainState
from mnist_tui.training.trainer import Trainer

TRAIN, TEST = 200, 60

# Both kinds of state that are easiest to lose: random numbers of dropout, running statistics of BatchNorm.
SMALL_NET = """
from torch import nn

class Net(nn.Sequential):
    def __init__(self):
        super().__init__(
            nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(4), nn.Dropout(0.3),
            nn.Flatten(), nn.Linear(4 * 7 * 7, 10),
        )
"""


def tiny_dataset(name: str = "synthetic", *, train: int = TRAIN, test: int = TEST, seed: int = 0) -> Dataset:
    """Ten noisy patterns that a linear model tells apart after a few dozen steps."""
    random = torch.Generator().manual_seed(seed)
    patterns = torch.randint(0, 2, (10, 1, 7, 7), generator=random).repeat_interleave(4, 2)
    patterns = patterns.repeat_interleave(4, 3) * 160

    def split(count: int) -> Split:
        labels = torch.randint(0, 10, (count,), generator=random)
        noise = torch.randint(0, 96, (count, 1, 28, 28), generator=random)
        return Split((patterns[labels] + noise).to(torch.uint8), labels)

    one, other = split(train), split(test)
    return Dataset(name, one, other, DIGITS, "made up", datasets.compute_fingerprint(one, other))


def tiny_config(**changes: Any) -> TrainConfig:
    """Two epochs of seven steps of softmax regression, without augmentation."""
    settings = {
        "model": "linear",
        "dataset": "synthetic",
        "epochs": 2,
        "batch_size": 32,
        "rotation": 0.0,
        "device": "cpu",
        "backend": "eager",
        "threads": 1,
    }
    return TrainConfig(**{**settings, **changes})


def make_trainer(
    config: TrainConfig,
    *,
    model: nn.Module | None = None,
    dataset: Dataset | None = None,
    control: Control | None = None,
) -> Trainer:
    """A trainer as the runner makes it, without a runner."""
    torch.set_num_threads(1)
    torch.manual_seed(config.seed)
    model = model or models.load_model(config.model)
    data = DeviceData(dataset or tiny_dataset(), config, torch.device("cpu"))
    return Trainer(config, EagerBackend(config, TrainState(config, model)), data, control or Control())


QUICKLY = {"-O3": "-O1"}
"""Half the time to compile; the templates and the arithmetic are the same. With less, a step takes a second."""


def compile_quickly(patch: pytest.MonkeyPatch, exchange: Mapping[str, str] = QUICKLY) -> None:
    """Some of the compiler's flags exchanged for others."""
    flags = Compiler.flags.fget
    assert flags is not None

    def exchanged(compiler: Compiler) -> tuple[str, ...]:
        return tuple(word for flag in flags(compiler) for word in exchange.get(flag, flag).split())

    patch.setattr(Compiler, "flags", property(exchanged))


class Lab:
    """Trains runs of the tiny dataset in a folder of their own; hears every event in `events`."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, *, quickly: bool = True) -> None:
        """`quickly`: networks are compiled in half the time. Processes that are started know nothing of that."""
        self.runs_dir = folder / "runs"
        self.dataset = tiny_dataset()
        self.control = Control()
        self.events: list[Event] = []
        self.backend = "eager"
        self._folder = folder
        monkeypatch.setattr(datasets, "load_dataset", lambda *_args, **_options: self.dataset)
        monkeypatch.setattr(trainer, "PROGRESS_SECONDS", 0.0)  # a Progress every step
        if quickly:
            compile_quickly(monkeypatch)

    def small_net(self) -> str:
        """The spec of a network with Dropout and BatchNorm in a file."""
        file = self._folder / "small_net.py"
        file.write_text(SMALL_NET)
        return f"{file}:Net"

    def start(
        self,
        config: TrainConfig | None = None,
        *,
        name: str = "",
        watch: Callable[[Event], None] | None = None,
    ) -> RunResult:
        """Train a new run; `watch` hears each event too, and may ask `control` for something."""
        return run_training.start_run(
            config or tiny_config(),
            data_dir=self._folder,
            runs_dir=self.runs_dir,
            name=name,
            control=self.control,
            report=self._reporting(watch),
        )

    def resume(self, run: Run, *, watch: Callable[[Event], None] | None = None, **changes: Any) -> RunResult:
        """Go on with a run, in a new process as far as can be: fresh wishes, other random numbers."""
        torch.manual_seed(999)
        self.control = Control()
        report = self._reporting(watch)
        return run_training.resume_run(run, data_dir=self._folder, control=self.control, report=report, **changes)

    def stop_at(self, moment: Callable[[Event], bool]) -> Callable[[Event], None]:
        """A watch that asks for the end at the first event that `moment` is true of."""

        def watch(event: Event) -> None:
            if moment(event):
                self.control.stop("enough")

        return watch

    def _reporting(self, watch: Callable[[Event], None] | None) -> Callable[[Event], None]:
        def report(event: Event) -> None:
            self.events.append(event)
            if watch:
                watch(event)

        return report


def at_step(step: int) -> Callable[[Event], bool]:
    """True of the Progress after this many steps of the second epoch's seven."""
    return lambda event: (
        isinstance(event, events.Progress)
        and event.phase == "training"
        and (event.epoch - 1) * event.steps + event.step == step
    )


def names(happened: Iterable[Event], *, without: tuple[str, ...] = ("Progress", "WeightsMoved")) -> list[str]:
    """The events' kinds in order."""
    kinds = [type(event).__name__ for event in happened]
    return [kind for kind in kinds if kind not in without]


def training_state(run: Run) -> dict[str, Any]:
    """The run's checkpoint, but for the seconds in it, which differ from one time to the next."""
    state = checkpoint.load_state(run.checkpoint_file)
    state["position"] = {key: value for key, value in state["position"].items() if "seconds" not in key}
    return state


def rows(run: Run) -> list[EpochFinished]:
    """The run's epoch table, but for times."""
    return [dataclasses.replace(row, time="", seconds=0.0, images_per_second=0.0) for row in run.history().rows]


def differences(one: Any, other: Any, where: str = "") -> list[str]:
    """Where two nested values differ, bit for bit; empty where they are the same."""
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        return [] if one.dtype == other.dtype and torch.equal(one, other) else [where]
    if isinstance(one, dict) and isinstance(other, dict):
        if one.keys() != other.keys():
            return [f"{where}: keys"]
        return [found for key in one for found in differences(one[key], other[key], f"{where}/{key}")]
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)) and len(one) == len(other):
        return [
            found
            for index, pair in enumerate(zip(one, other, strict=True))
            for found in differences(*pair, f"{where}/{index}")
        ]
    return [] if type(one) is type(other) and one == other else [where]


def train_slowly(folder: Path, config: dict[str, Any]) -> None:
    """Start or go on with a run in a process of its own, with time between two events to be killed in."""
    datasets.load_dataset = lambda *_args, **_options: tiny_dataset()
    trainer.PROGRESS_SECONDS, recorder.CHECKPOINT_SECONDS, evaluate.BATCH = 0.0, 0.02, 10
    run = Run(folder)

    def report(_event: Event) -> None:
        time.sleep(0.003)

    if run.config_file.exists():
        run_training.resume_run(run, data_dir=folder, report=report)
    else:
        run_training.start_run(
            TrainConfig(**config), data_dir=folder, runs_dir=folder.parent, name=run.name, report=report
        )
