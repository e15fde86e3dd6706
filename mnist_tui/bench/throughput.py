"""The measurement: every contestant once a round, in turn, so that a machine that slows down slows all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from mnist_tui import models
from mnist_tui.bench import contestants
from mnist_tui.bench.contestants import Contestant
from mnist_tui.bench.peak import Peak
from mnist_tui.config import TrainConfig
from mnist_tui.data.types import Dataset, Split
from mnist_tui.inspection import inspect_model
from mnist_tui.system.cpu import usable_cores
from mnist_tui.training import hardware


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
    peak: str
    """What the peak was measured with."""
    peak_gflops: float
    measurements: tuple[Measurement, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def measure(
    config: TrainConfig, data: Dataset, *, rounds: int, images: int, report: Callable[[str], None]
) -> BenchResult:
    """Interleave the plain loop and ours, backend by backend and at several batch sizes, over `images` images a round.

    On the CPU. `report` gets a line of text for each round. Raises MnistTuiError when a model fails in training.
    """
    split = Split(data.train.images[:images], data.train.labels[:images])
    cores = usable_cores()
    everyone = [contestants.plain(split, config, cores), *contestants.ours(split, data, config, report)]
    measured = Peak([contestant.backend for contestant in everyone], cores)
    report("warming up")
    for contestant in everyone:
        contestant.run()
    peaks, speeds = [], []
    for number in range(1, rounds + 1):
        report(f"round {number} of {rounds}")
        peaks.append(measured.flops())
        speeds.append([contestant.run() for contestant in everyone])
    peak = median(peaks)
    cost = _training_flops(config.model)
    return BenchResult(
        processor=hardware.processor(),
        cores=cores,
        dataset=data.name,
        model=config.model,
        rounds=rounds,
        images=len(split.images),
        peak=measured.what,
        peak_gflops=peak / 1e9,
        measurements=tuple(
            _measurement(contestant, [row[column] for row in speeds], [row[0] for row in speeds], cost, peak)
            for column, contestant in enumerate(everyone)
        ),
    )


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
    """Of one image: two a MAC, forward and backward by the weights, and by the input but for the first layer's."""
    summary = inspect_model(models.load_model(model), name=model)
    if summary.macs is None:
        return None
    first = next((layer.macs for layer in summary.layers if layer.macs), 0)
    return 2 * (3 * summary.macs - first)
