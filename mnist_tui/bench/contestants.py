"""What trains in the measurement: the plain loop, and this program with each backend at several batch sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median

import torch

from mnist_tui.bench import plain_loop
from mnist_tui.config import BackendName, TrainConfig
from mnist_tui.data.types import Dataset, Split
from mnist_tui.errors import ConfigError, MnistTuiError
from mnist_tui.events import EpochFinished, Event, Preparing, RunFailed
from mnist_tui.training.backends.base import Backend
from mnist_tui.training.build import build_trainer
from mnist_tui.training.control import Control

# Epochs that each backend trains in its turn: about as long as the plain loop needs for one.
EPOCHS: dict[BackendName, int] = {"eager": 1, "native": 4}
BATCH_SIZES: dict[BackendName, tuple[int, ...]] = {"eager": (16, 128), "native": (16, 64, 128, 512)}


@dataclass(frozen=True)
class Contestant:
    """Something that trains over some images and says how many it did a second."""

    name: str
    config: TrainConfig
    run: Callable[[], float]
    backend: Backend | None = None


def plain(split: Split, config: TrainConfig, cores: int) -> Contestant:
    """The loop of most tutorials, with as many threads as there are cores."""

    def run() -> float:
        torch.set_num_threads(cores)
        return plain_loop.images_per_second(split, config)

    return Contestant("plain loop", config.replace(threads=cores), run)


def ours(
    split: Split, data: Dataset, config: TrainConfig, report: Callable[[str], None]
) -> Iterator[Contestant]:
    """This program's own loop on the CPU. A backend that cannot train the model is left out, and `report` why."""
    # Testing is left out of its speed, as in the plain loop.
    some_tests = Split(data.test.images[:100], data.test.labels[:100])
    few = Dataset(data.name, split, some_tests, data.classes, data.source, data.fingerprint)
    for backend, sizes in BATCH_SIZES.items():
        for size in sizes:
            wanted = config.replace(batch_size=size, epochs=EPOCHS[backend], device="cpu", backend=backend)
            try:
                yield _contestant(wanted, few, report)
            except ConfigError as unfit:
                report(f"without {backend}: {unfit}")
                break


def _contestant(config: TrainConfig, data: Dataset, report: Callable[[str], None]) -> Contestant:
    def report_event(event: Event) -> None:
        if isinstance(event, Preparing):
            report(event.what)

    def run() -> float:
        speeds = []
        for event in build_trainer(config, data, Control(), report=report_event).run():
            if isinstance(event, RunFailed):
                raise MnistTuiError(event.message, remedy=event.remedy)
            if isinstance(event, EpochFinished):
                speeds.append(event.images_per_second)
        return median(speeds)

    taken = build_trainer(config, data, Control(), report=report_event)
    return Contestant(f"mnist-tui {config.backend}", taken.config, run, taken.backend)
