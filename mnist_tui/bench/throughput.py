"""Training speed: every candidate once per round, in turn, so that a machine that slows down slows all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import median
from typing import Any

import torch

from mnist_tui import models
from mnist_tui.bench import plain_loop
from mnist_tui.bench.peak import Peak
from mnist_tui.config import BackendName, TrainConfig
from mnist_tui.data.types import Dataset, Split
from mnist_tui.errors import ConfigError, MnistTuiError
from mnist_tui.events import EpochFinished, Event, Preparing, RunFailed
from mnist_tui.inspection import inspect_model
from mnist_tui.system.cpu import usable_cores
from mnist_tui.training import hardware
from mnist_tui.training.backends.base import Backend
from mnist_tui.training.build import build_trainer
from mnist_tui.training.control import Control

ReportLine = Callable[[str], None]

# How many epochs each backend trains per round: about as long as the plain loop takes for one.
EPOCHS: dict[BackendName, int] = {"eager": 1, "native": 4}
BATCH_SIZES: dict[BackendName, tuple[int, ...]] = {"eager": (16, 128), "native": (16, 64, 128, 512)}


@dataclass(frozen=True)
class Candidate:
    """Something that trains over some images; `run` returns how many it trained per second."""

    name: str
    config: TrainConfig
    run: Callable[[], float]
    backend: Backend | None = None


@dataclass(frozen=True)
class Measurement:
    """One candidate. The ratio is the median over rounds of its speed divided by the plain loop's in the same round."""

    name: str
    batch_size: int
    threads: int
    images_per_second: float
    slowest: float
    fastest: float
    ratio: float
    share_of_peak: float | None
    """Of `BenchResult.peak_gflops`; None if the model's multiply-adds cannot be counted."""


@dataclass(frozen=True)
class BenchResult:
    """What `bench` prints."""

    processor: str
    cores: int
    dataset: str
    model: str
    rounds: int
    images: int
    peak: str
    """What the peak was measured with."""
    peak_gflops: float
    measurements: tuple[Measurement, ...]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def measure(config: TrainConfig, data: Dataset, *, rounds: int, images: int, report: ReportLine) -> BenchResult:
    """Interleave the plain loop and this program's, by backend and batch size, over `images` images per round.

    On the CPU. `report` gets a line of text for each round. Raises MnistTuiError when a model fails in training.
    """
    split = data.train.select(slice(images))
    cores = usable_cores()
    candidates = [_plain_candidate(split, config, cores), *_own_candidates(split, data, config, report)]
    peak = Peak([candidate.backend for candidate in candidates], cores)
    report("warming up")
    for candidate in candidates:
        candidate.run()
    peaks, speeds = [], []
    for number in range(1, rounds + 1):
        report(f"round {number} of {rounds}")
        peaks.append(peak.flops())
        speeds.append([candidate.run() for candidate in candidates])
    flops, cost = median(peaks), _training_flops(config.model)
    return BenchResult(
        processor=hardware.processor(),
        cores=cores,
        dataset=data.name,
        model=config.model,
        rounds=rounds,
        images=len(split.images),
        peak=peak.what,
        peak_gflops=flops / 1e9,
        measurements=tuple(
            _measurement(candidate, [row[column] for row in speeds], [row[0] for row in speeds], cost, flops)
            for column, candidate in enumerate(candidates)
        ),
    )


def _plain_candidate(split: Split, config: TrainConfig, cores: int) -> Candidate:
    """The loop of most tutorials, with as many threads as there are cores."""

    def run() -> float:
        torch.set_num_threads(cores)
        return plain_loop.images_per_second(split, config)

    return Candidate("plain loop", config.replace(threads=cores), run)


def _own_candidates(split: Split, data: Dataset, config: TrainConfig, report: ReportLine) -> Iterator[Candidate]:
    """This program's training on the CPU. A backend that cannot train the model is left out, and reported."""
    # Testing is left out of its speed, as in the plain loop.
    few = replace(data, train=split, test=data.test.select(slice(100)))
    for backend, sizes in BATCH_SIZES.items():
        for size in sizes:
            wanted = config.replace(batch_size=size, epochs=EPOCHS[backend], device="cpu", backend=backend)
            try:
                yield _candidate(wanted, few, report)
            except ConfigError as error:
                report(f"without {backend}: {error}")
                break


def _candidate(config: TrainConfig, data: Dataset, report: ReportLine) -> Candidate:
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

    trainer = build_trainer(config, data, Control(), report=report_event)
    return Candidate(f"mnist-tui {config.backend}", trainer.config, run, trainer.backend)


def _measurement(
    candidate: Candidate, speeds: Sequence[float], plain: Sequence[float], cost: int | None, peak: float
) -> Measurement:
    typical = median(speeds)
    return Measurement(
        name=candidate.name,
        batch_size=candidate.config.batch_size,
        threads=candidate.config.threads,
        images_per_second=typical,
        slowest=min(speeds),
        fastest=max(speeds),
        ratio=median(ours / theirs for ours, theirs in zip(speeds, plain, strict=True)),
        share_of_peak=None if cost is None else typical * cost / peak,
    )


def _training_flops(model: str) -> int | None:
    """Of one image: two per MAC, forward, back to the weights, and back to the input except in the first layer."""
    summary = inspect_model(models.load_model(model), name=model)
    if summary.macs is None:
        return None
    first = next((layer.macs for layer in summary.layers if layer.macs), 0)
    return 2 * (3 * summary.macs - first)
