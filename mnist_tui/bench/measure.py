"""The measurement: every contestant once a round, in turn, so that a machine that slows down slows all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

import torch

from mnist_tui import machine, models
from mnist_tui.assemble import assemble
from mnist_tui.bench import plain_loop
from mnist_tui.bench.peak import peak_flops
from mnist_tui.config import TrainConfig
from mnist_tui.control import Control
from mnist_tui.data.dataset import Dataset, Split
from mnist_tui.errors import MnistTuiError
from mnist_tui.events import EpochFinished, Event, Notice, Preparing, RunFailed
from mnist_tui.inspection import inspect_model

BATCH_SIZES = (16, 64, 128, 512)


@dataclass(frozen=True)
class Measurement:
    """One contestant. The ratio is the median over rounds of its speed by the plain loop's in the same round."""

    name: str
    batch_size: int
    threads: int
    images_per_second: float
    slowest: float
    fastest: float
    ratio: float
    share_of_peak: float | None
    """Of `BenchResult.peak_gflops`; None where the model's products cannot be counted."""


@dataclass(frozen=True)
class BenchResult:
    """What `bench` prints."""

    processor: str
    cores: int
    dataset: str
    model: str
    rounds: int
    images: int
    peak_gflops: float
    measurements: tuple[Measurement, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Contestant:
    """Something that trains over some images and says how many it did a second."""

    name: str
    config: TrainConfig
    run: Callable[[], float]


def measure(
    config: TrainConfig, data: Dataset, *, rounds: int, images: int, told: Callable[[str], None]
) -> BenchResult:
    """Interleave the plain loop and ours at several batch sizes, each over `images` images a round.

    On the CPU. `told` hears of each round. Raises MnistTuiError when a model fails in training.
    """
    split = Split(data.train.images[:images], data.train.labels[:images])
    cores = machine.usable_cores()
    contestants = [_plain(split, config, cores)]
    contestants += [_ours(split, data, config, size, told) for size in BATCH_SIZES]
    told("warming up")
    for contestant in contestants:
        contestant.run()
    peaks, speeds = [], []
    for number in range(1, rounds + 1):
        told(f"round {number} of {rounds}")
        peaks.append(peak_flops(cores))
        speeds.append([contestant.run() for contestant in contestants])
    peak = median(peaks)
    cost = _training_flops(config.model)
    return BenchResult(
        processor=machine.processor(),
        cores=cores,
        dataset=data.name,
        model=config.model,
        rounds=rounds,
        images=len(split.images),
        peak_gflops=peak / 1e9,
        measurements=tuple(
            _measurement(contestant, [row[column] for row in speeds], [row[0] for row in speeds], cost, peak)
            for column, contestant in enumerate(contestants)
        ),
    )


def _plain(split: Split, config: TrainConfig, cores: int) -> Contestant:
    def run() -> float:
        torch.set_num_threads(cores)
        return plain_loop.images_per_second(split, config)

    return Contestant("plain loop", config.replace(threads=cores), run)


def _ours(
    split: Split, data: Dataset, config: TrainConfig, batch_size: int, told: Callable[[str], None]
) -> Contestant:
    """The program's own loop over one epoch; testing is left out of its speed, as in the plain loop."""
    config = config.replace(batch_size=batch_size, epochs=1, device="cpu")
    some_tests = Split(data.test.images[:100], data.test.labels[:100])
    few = Dataset(data.name, split, some_tests, data.classes, data.source, data.fingerprint)

    def tell(event: Event) -> None:
        if isinstance(event, Notice):
            told(f"notice: {event.message}")
        elif isinstance(event, Preparing):
            told(event.what)

    def run() -> float:
        trainer = assemble(config, few, Control(), report=tell)
        for event in trainer.run():
            if isinstance(event, RunFailed):
                raise MnistTuiError(event.message, remedy=event.remedy)
            if isinstance(event, EpochFinished):
                return event.images_per_second
        raise AssertionError("an epoch ends or fails")

    taken = assemble(config, few, Control(), report=tell).config
    return Contestant("mnist-tui", taken, run)


def _measurement(
    contestant: Contestant, speeds: Sequence[float], plain: Sequence[float], cost: int | None, peak: float
) -> Measurement:
    typical = median(speeds)
    return Measurement(
        name=contestant.name,
        batch_size=contestant.config.batch_size,
        threads=contestant.config.threads,
        images_per_second=typical,
        slowest=min(speeds),
        fastest=max(speeds),
        ratio=median(ours / theirs for ours, theirs in zip(speeds, plain, strict=True)),
        share_of_peak=None if cost is None else typical * cost / peak,
    )


def _training_flops(model: str) -> int | None:
    """Of one image: two a MAC, once forward and twice backward (by the inputs and by the weights)."""
    macs = inspect_model(models.load_model(model), name=model).macs
    return None if macs is None else 2 * 3 * macs
