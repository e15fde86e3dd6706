"""Time to an accuracy: the plain loop and each recipe, from the first step to the last epoch, interleaved.

Seconds are of training alone: drawing batches, augmentation and steps, without evaluation, loading the data and
compiling. The contender that has spent the least trains the next epoch, so that a machine that slows down slows
all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from statistics import fmean, median
from typing import Any

from mnist_tui.bench import plain_loop
from mnist_tui.bench.throughput import ReportLine
from mnist_tui.config import TrainConfig
from mnist_tui.data.types import Dataset
from mnist_tui.errors import ConfigError, MnistTuiError
from mnist_tui.events import EpochFinished, RunFailed
from mnist_tui.system.cpu import usable_cores
from mnist_tui.training import hardware
from mnist_tui.training.build import build_trainer
from mnist_tui.training.control import Control
from mnist_tui.training.evaluate import compute_logits, evaluate


@dataclass(frozen=True)
class EpochTiming:
    """The seconds of training up to the end of an epoch, and the test accuracy then."""

    seconds: float
    accuracy: float


@dataclass(frozen=True)
class TargetResult:
    """One target. `median_seconds` is over the rounds that reached it; None if none did."""

    target: float
    rounds: int
    median_seconds: float | None
    mean_epoch: int | None
    """The first epoch whose mean over the rounds reached it; None if none did."""
    mean_seconds: float | None
    """Mean seconds to the end of that epoch."""
    sooner: float | None = None
    """How many times sooner than the plain loop that mean was reached; None if one of the two never did."""


@dataclass(frozen=True)
class ContenderResult:
    """One loop with one recipe."""

    name: str
    config: TrainConfig
    rounds: tuple[tuple[EpochTiming, ...], ...]
    """The epochs of each round."""
    reached: tuple[TargetResult, ...]

    @property
    def seconds(self) -> float:
        """Mean over the rounds, of all epochs."""
        return fmean(epochs[-1].seconds for epochs in self.rounds)

    @property
    def accuracy(self) -> float:
        """Mean over the rounds, after the last epoch."""
        return fmean(epochs[-1].accuracy for epochs in self.rounds)


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
        document = asdict(self)
        for entry, racer in zip(document["racers"], self.racers, strict=True):
            entry |= {"config": racer.config.to_dict(), "seconds": racer.seconds, "accuracy": racer.accuracy}
        return document


@dataclass(frozen=True)
class Contender:
    """A training loop: `run` trains with a seed, epoch by epoch."""

    name: str
    config: TrainConfig
    run: Callable[[int], Iterator[EpochTiming]]


def measure_time_to_accuracy(
    contenders: Sequence[Contender],
    data: Dataset,
    targets: Sequence[float],
    *,
    rounds: int,
    report: ReportLine,
    control: Control,
) -> TimeToAccuracy | None:
    """Train every contender to its last epoch in each round, with seed 1 in the first; None if stopped in the first.

    `targets` are fractions. Raises MnistTuiError where training fails.
    """
    rounds_done: list[list[tuple[EpochTiming, ...]]] = []
    for number in range(1, rounds + 1):
        one = _train_round(contenders, number, rounds, report, control)
        if one is None:
            break
        rounds_done.append(one)
    if not rounds_done:
        return None
    epochs = [tuple(column) for column in zip(*rounds_done, strict=True)]
    plain = [_find_target(epochs[0], target) for target in targets]
    return TimeToAccuracy(
        processor=hardware.processor(),
        cores=usable_cores(),
        dataset=data.name,
        targets=tuple(targets),
        rounds=len(rounds_done),
        racers=tuple(
            ContenderResult(contender.name, contender.config, own, _compare(own, targets, plain))
            for contender, own in zip(contenders, epochs, strict=True)
        ),
    )


def plain_contender(config: TrainConfig, data: Dataset) -> Contender:
    """The loop of most tutorials, with as many threads as there are cores."""
    config = config.replace(threads=usable_cores())
    return Contender("plain loop", config, partial(_train_plain, config, data))


def recipe_contender(config: TrainConfig, data: Dataset, report: ReportLine) -> Contender:
    """This program with a recipe. Raises MnistTuiError if it cannot be trained here without another run."""
    if config.teacher:
        raise ConfigError(f"it learns from {config.teacher}, and a teacher's time would have to count too")
    config = config.replace(device="cpu")
    settings = build_trainer(config, data, Control(), report=lambda event: None).config
    report(f"{config.recipe}: {settings.backend}, {settings.threads} threads")
    return Contender(config.recipe, settings, partial(_train_recipe, settings, data))


def _train_round(
    contenders: Sequence[Contender], number: int, rounds: int, report: ReportLine, control: Control
) -> list[tuple[EpochTiming, ...]] | None:
    """One run of each contender; None if it was stopped before all had ended."""
    running = [contender.run(number) for contender in contenders]
    epochs: list[list[EpochTiming]] = [[] for _ in contenders]
    active = set(range(len(contenders)))
    while active:
        if control.stop_reason:
            return None
        # The plain loop's first epoch comes first, and then the one that is behind.
        at = min(active, key=lambda index: (epochs[index][-1].seconds if epochs[index] else 0.0, index))
        timing = next(running[at], None)
        if timing is None:
            active.remove(at)
            continue
        epochs[at].append(timing)
        contender = contenders[at]
        report(
            f"round {number} of {rounds}: {contender.name}, epoch {len(epochs[at])}/{contender.config.all_epochs}: "
            f"{100 * timing.accuracy:.2f} % after {timing.seconds:.1f} s"
        )
    return [tuple(own) for own in epochs]


def _train_plain(config: TrainConfig, data: Dataset, seed: int) -> Iterator[EpochTiming]:
    loop = plain_loop.PlainLoop(data.train, config, seed)
    seconds = 0.0
    for _ in range(config.epochs):
        seconds += loop.epoch()
        score = evaluate(partial(compute_logits, loop.model), data.test.images, data.test.labels, config)
        yield EpochTiming(seconds, score.accuracy)


def _train_recipe(config: TrainConfig, data: Dataset, seed: int) -> Iterator[EpochTiming]:
    trainer = build_trainer(config.replace(seed=seed), data, Control(), report=lambda event: None)
    seconds, images = 0.0, len(trainer.data.train.images)
    for event in trainer.run():
        if isinstance(event, RunFailed):
            raise MnistTuiError(event.message, remedy=event.remedy)
        if isinstance(event, EpochFinished):
            seconds += images / event.images_per_second
            yield EpochTiming(seconds, event.test_accuracy)
            trainer.backend.use_threads(config.threads)  # the epoch of another has changed torch's


def _compare(
    rounds: Sequence[Sequence[EpochTiming]], targets: Sequence[float], plain: Sequence[TargetResult]
) -> tuple[TargetResult, ...]:
    found = []
    for target, theirs in zip(targets, plain, strict=True):
        own = _find_target(rounds, target)
        if own.mean_seconds and theirs.mean_seconds:
            own = replace(own, sooner=theirs.mean_seconds / own.mean_seconds)
        found.append(own)
    return tuple(found)


def _find_target(rounds: Sequence[Sequence[EpochTiming]], target: float) -> TargetResult:
    """When each round first reached the target, and when their mean did."""
    firsts = [next((timing.seconds for timing in epochs if timing.accuracy >= target), None) for epochs in rounds]
    seconds = [first for first in firsts if first is not None]
    mean_epoch = next(
        (
            epoch
            for epoch, epochs in enumerate(zip(*rounds, strict=False), 1)
            if fmean(timing.accuracy for timing in epochs) >= target
        ),
        None,
    )
    return TargetResult(
        target=target,
        rounds=len(seconds),
        median_seconds=median(seconds) if seconds else None,
        mean_epoch=mean_epoch,
        mean_seconds=fmean(epochs[mean_epoch - 1].seconds for epochs in rounds) if mean_epoch else None,
    )
