"""Time to an accuracy: the plain loop and each recipe, from the first step to the last epoch, interleaved.

Seconds are of training alone: drawing batches, augmentation and steps, without evaluation, without getting the
data and without compiling. Whoever has spent the least trains the next epoch, so that a machine that slows down
slows all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from statistics import fmean, median
from typing import Any

from mnist_tui.bench import plain_loop
from mnist_tui.config import TrainConfig
from mnist_tui.data.types import Dataset
from mnist_tui.errors import ConfigError, MnistTuiError
from mnist_tui.events import EpochFinished, RunFailed
from mnist_tui.system.cpu import usable_cores
from mnist_tui.training import hardware
from mnist_tui.training.build import build_trainer
from mnist_tui.training.control import Control
from mnist_tui.training.evaluate import compute_logits, evaluate

Report = Callable[[str], None]


@dataclass(frozen=True)
class EpochTiming:
    """After an epoch: all seconds of training so far, and the test accuracy."""

    seconds: float
    accuracy: float


@dataclass(frozen=True)
class TargetResult:
    """One target. `median_seconds` is of the rounds that reached it; None where none did."""

    target: float
    rounds: int
    median_seconds: float | None
    mean_epoch: int | None
    """The first epoch at which the mean over the rounds reached it; None where it never did."""
    mean_seconds: float | None
    """Mean seconds to the end of that epoch."""
    sooner: float | None = None
    """How many times sooner than the plain loop that mean was reached; None where one of the two never did."""


@dataclass(frozen=True)
class ContenderResult:
    """One loop with one recipe."""

    name: str
    config: TrainConfig
    rounds: tuple[tuple[EpochTiming, ...], ...]
    """Of each finished round its epochs."""
    reached: tuple[TargetResult, ...]

    @property
    def seconds(self) -> float:
        """Mean of all epochs."""
        return fmean(laps[-1].seconds for laps in self.rounds)

    @property
    def accuracy(self) -> float:
        """Mean after the last epoch."""
        return fmean(laps[-1].accuracy for laps in self.rounds)


@dataclass(frozen=True)
class TimeToAccuracy:
    """What `bench --to` prints."""

    processor: str
    cores: int
    dataset: str
    targets: tuple[float, ...]
    rounds: int
    racers: tuple[ContenderResult, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        document = asdict(self)
        for entry, racer in zip(document["racers"], self.racers, strict=True):
            entry |= {"config": racer.config.to_dict(), "seconds": racer.seconds, "accuracy": racer.accuracy}
        return document


@dataclass(frozen=True)
class Contender:
    """Something that trains epoch by epoch with a seed."""

    name: str
    config: TrainConfig
    run: Callable[[int], Iterator[EpochTiming]]


def measure_time_to_accuracy(
    entrants: Sequence[Contender],
    data: Dataset,
    targets: Sequence[float],
    *,
    rounds: int,
    report: Report,
    control: Control,
) -> TimeToAccuracy | None:
    """Every entrant to its last epoch in each round, seed 1 in the first; None where it was stopped in the first.

    `targets` are fractions. Raises MnistTuiError where training fails.
    """
    finished: list[list[tuple[EpochTiming, ...]]] = []
    for number in range(1, rounds + 1):
        one = _round(entrants, number, rounds, report, control)
        if one is None:
            break
        finished.append(one)
    if not finished:
        return None
    laps = [tuple(column) for column in zip(*finished, strict=True)]
    plain = [_reached(laps[0], target) for target in targets]
    return TimeToAccuracy(
        processor=hardware.processor(),
        cores=usable_cores(),
        dataset=data.name,
        targets=tuple(targets),
        rounds=len(finished),
        racers=tuple(
            ContenderResult(entrant.name, entrant.config, own, _compared(own, targets, plain))
            for entrant, own in zip(entrants, laps, strict=True)
        ),
    )


def plain(config: TrainConfig, data: Dataset) -> Contender:
    """The loop of most tutorials, with as many threads as there are cores."""
    config = config.replace(threads=usable_cores())
    return Contender("plain loop", config, partial(_plain_laps, config, data))


def ours(config: TrainConfig, data: Dataset, report: Report) -> Contender:
    """This program with a recipe. Raises MnistTuiError where it cannot be trained here, and by itself."""
    if config.teacher:
        raise ConfigError(f"it learns from {config.teacher}, and a teacher's time would have to count too")
    config = config.replace(device="cpu")
    taken = build_trainer(config, data, Control(), report=lambda event: None).config
    report(f"{config.recipe}: {taken.backend}, {taken.threads} threads")
    return Contender(config.recipe, taken, partial(_our_laps, taken, data))


def _round(
    entrants: Sequence[Contender], number: int, rounds: int, report: Report, control: Control
) -> list[tuple[EpochTiming, ...]] | None:
    """One run of each, epoch by epoch; None where it was stopped before all had ended."""
    running = [entrant.run(number) for entrant in entrants]
    laps: list[list[EpochTiming]] = [[] for _ in entrants]
    going = set(range(len(entrants)))
    while going:
        if control.stop_reason:
            return None
        # The plain loop's first epoch comes first, and then whoever is behind.
        at = min(going, key=lambda index: (laps[index][-1].seconds if laps[index] else 0.0, index))
        lap = next(running[at], None)
        if lap is None:
            going.remove(at)
            continue
        laps[at].append(lap)
        entrant = entrants[at]
        report(
            f"round {number} of {rounds}: {entrant.name}, epoch {len(laps[at])}/{entrant.config.all_epochs}: "
            f"{100 * lap.accuracy:.2f} % after {lap.seconds:.1f} s"
        )
    return [tuple(own) for own in laps]


def _plain_laps(config: TrainConfig, data: Dataset, seed: int) -> Iterator[EpochTiming]:
    loop = plain_loop.PlainLoop(data.train, config, seed)
    seconds = 0.0
    for _ in range(config.epochs):
        seconds += loop.epoch()
        score = evaluate(partial(compute_logits, loop.model), data.test.images, data.test.labels, config)
        yield EpochTiming(seconds, score.accuracy)


def _our_laps(config: TrainConfig, data: Dataset, seed: int) -> Iterator[EpochTiming]:
    trainer = build_trainer(config.replace(seed=seed), data, Control(), report=lambda event: None)
    seconds, images = 0.0, len(trainer.data.train.images)
    for event in trainer.run():
        if isinstance(event, RunFailed):
            raise MnistTuiError(event.message, remedy=event.remedy)
        if isinstance(event, EpochFinished):
            seconds += images / event.images_per_second
            yield EpochTiming(seconds, event.test_accuracy)
            trainer.backend.use_threads(config.threads)  # another's epoch has changed torch's


def _compared(
    rounds: Sequence[Sequence[EpochTiming]], targets: Sequence[float], plain: Sequence[TargetResult]
) -> tuple[TargetResult, ...]:
    found = []
    for target, theirs in zip(targets, plain, strict=True):
        own = _reached(rounds, target)
        if own.mean_seconds and theirs.mean_seconds:
            own = TargetResult(**{**asdict(own), "sooner": theirs.mean_seconds / own.mean_seconds})
        found.append(own)
    return tuple(found)


def _reached(rounds: Sequence[Sequence[EpochTiming]], target: float) -> TargetResult:
    """When each round was first at the target, and when their mean was."""
    firsts = [next((lap.seconds for lap in laps if lap.accuracy >= target), None) for laps in rounds]
    seconds = [first for first in firsts if first is not None]
    mean_epoch = next(
        (
            epoch
            for epoch, laps in enumerate(zip(*rounds, strict=False), 1)
            if fmean(lap.accuracy for lap in laps) >= target
        ),
        None,
    )
    return TargetResult(
        target=target,
        rounds=len(seconds),
        median_seconds=median(seconds) if seconds else None,
        mean_epoch=mean_epoch,
        mean_seconds=fmean(laps[mean_epoch - 1].seconds for laps in rounds) if mean_epoch else None,
    )
