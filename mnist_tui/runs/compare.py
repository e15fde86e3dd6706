"""Several runs side by side: their numbers, and the settings in which they differ. No torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mnist_tui.runs.config_diff import Difference, pair_settings
from mnist_tui.runs.index import ScannedRun
from mnist_tui.runs.record import RunRecord
from mnist_tui.runs.summary import RunSummary

# Facts beside the config that explain different numbers.
_FACTS: Mapping[str, Callable[[RunRecord], Any]] = {
    "network": lambda record: record.model.name,
    "parameters": lambda record: record.model.parameters,
    "network's source": lambda record: record.model.code.source_sha256,
    "data": lambda record: record.data.fingerprint,
    "training images": lambda record: record.data.train_images,
    "processor": lambda record: record.machine.processor,
    "mnist-tui": lambda record: record.versions.get("mnist-tui"),
    "torch": lambda record: record.versions.get("torch"),
}


@dataclass(frozen=True)
class ComparedRun:
    """The numbers of one run; None if there is none."""

    summary: RunSummary
    best_test_loss: float | None
    final_test_loss: float | None
    final_train_accuracy: float | None
    seconds_per_epoch: float | None


@dataclass(frozen=True)
class Comparison:
    """Several runs side by side."""

    runs: tuple[ComparedRun, ...]
    differences: tuple[Difference, ...]

    def to_dict(self) -> dict[str, Any]:
        values = asdict(self)
        # The key that this number has always had.
        values["runs"] = [
            {{"seconds_per_epoch": "seconds_an_epoch"}.get(name, name): value for name, value in run.items()}
            for run in values["runs"]
        ]
        return values


def compare(runs: Sequence[ScannedRun]) -> Comparison:
    """Compare runs, in the order given; only the name of a run that cannot be read."""
    readable = [run.record for run in runs if run.record]
    return Comparison(tuple(_numbers(run) for run in runs), find_differences(readable))


def find_differences(records: Sequence[RunRecord]) -> tuple[Difference, ...]:
    """The settings and facts that are not the same in all records; settings first, in their own order."""
    settings = pair_settings([record.config for record in records])
    facts = (Difference(name, tuple(map(value, records))) for name, value in _FACTS.items())
    return tuple(row for row in (*settings, *facts) if any(value != row.values[0] for value in row.values))


def _numbers(run: ScannedRun) -> ComparedRun:
    rows, best_epoch = run.rows, run.summary.best_epoch
    best = next((row for row in rows if row.epoch == best_epoch), None)
    last = rows[-1] if rows else None
    return ComparedRun(
        summary=run.summary,
        best_test_loss=best.test_loss if best else None,
        final_test_loss=last.test_loss if last else None,
        final_train_accuracy=last.train_accuracy if last else None,
        seconds_per_epoch=run.summary.seconds / len(rows) if rows else None,
    )
