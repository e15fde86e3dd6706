"""Several runs side by side: their numbers, and the settings in which they differ. No torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mnist_tui.config import SETTINGS
from mnist_tui.history import RunHistory
from mnist_tui.run_summary import RunSummary, summary_of
from mnist_tui.runs import Run

# Facts beside the config that explain different numbers: where they are in config.json, and their names.
_FACTS = {
    ("model", "name"): "network",
    ("model", "parameters"): "parameters",
    ("model", "source_sha256"): "network's source",
    ("data", "fingerprint"): "data",
    ("data", "train_images"): "training images",
    ("machine", "processor"): "processor",
    ("machine", "backend"): "step",
    ("versions", "mnist-tui"): "mnist-tui",
    ("versions", "torch"): "torch",
}


@dataclass(frozen=True)
class ComparedRun:
    """The numbers of one run; None where there are none."""

    summary: RunSummary
    best_test_loss: float | None
    final_test_loss: float | None
    final_train_accuracy: float | None
    seconds_an_epoch: float | None


@dataclass(frozen=True)
class Difference:
    """One setting with its value in each run, in the order of the runs; None where a run does not say."""

    setting: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Comparison:
    """What both faces show of several runs."""

    runs: tuple[ComparedRun, ...]
    differences: tuple[Difference, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def compare(told: Sequence[tuple[Run, Mapping[str, Any], RunHistory]]) -> Comparison:
    """Side by side, in the order given: each run with its record (`config.json`) and its history."""
    runs = tuple(_numbers(run, record, history) for run, record, history in told)
    return Comparison(runs, differing([record for _, record, _ in told]))


def differing(records: Sequence[Mapping[str, Any]]) -> tuple[Difference, ...]:
    """The settings and facts that are not the same in all records; settings first, in their own order."""
    rows = [*_settings(records), *_facts(records)]
    return tuple(row for row in rows if any(value != row.values[0] for value in row.values))


def changed_settings(config: Mapping[str, Any], recipe: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Where a config departs from a recipe; the recipe's value comes first."""
    return tuple(
        row for row in _settings([{"config": recipe}, {"config": config}]) if row.values[0] != row.values[1]
    )


def _numbers(run: Run, record: Mapping[str, Any], history: RunHistory) -> ComparedRun:
    best, last = history.best, history.last
    return ComparedRun(
        summary=summary_of(run, record, history),
        best_test_loss=best.test_loss if best else None,
        final_test_loss=last.test_loss if last else None,
        final_train_accuracy=last.train_accuracy if last else None,
        seconds_an_epoch=history.seconds / len(history.epochs) if history.epochs else None,
    )


def _settings(records: Sequence[Mapping[str, Any]]) -> Iterator[Difference]:
    configs = [record["config"] for record in records]
    # A newer version's settings are unknown here and yet may be the difference.
    unknown = sorted({name for config in configs for name in config} - set(SETTINGS))
    for name in (*SETTINGS, *unknown):
        yield Difference(name, tuple(config.get(name) for config in configs))


def _facts(records: Sequence[Mapping[str, Any]]) -> Iterator[Difference]:
    for (group, name), label in _FACTS.items():
        yield Difference(label, tuple(_entry(record.get(group), name) for record in records))


def _entry(group: Any, name: str) -> Any:
    return group.get(name) if isinstance(group, Mapping) else None
