"""Several runs side by side: their numbers, and the settings in which they differ. No torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mnist_tui.config import SETTINGS, TrainConfig
from mnist_tui.recipes import OUTSIDE_RECIPES, RECIPES
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
class Difference:
    """One setting with its value in each run, in the order of the runs; None if it is not recorded."""

    setting: str
    values: tuple[Any, ...]


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
    settings = _settings([record.config for record in records])
    facts = (Difference(name, tuple(map(value, records))) for name, value in _FACTS.items())
    return tuple(row for row in (*settings, *facts) if any(value != row.values[0] for value in row.values))


def config_diff(config: Mapping[str, Any]) -> tuple[Difference, ...]:
    """The settings that differ from those of the config's recipe, whose value comes first; () if it is unknown."""
    recipe = RECIPES.get(str(config.get("recipe")))
    if recipe is None:
        return ()
    rows = (row for row in _settings([recipe.to_dict(), config]) if row.setting not in OUTSIDE_RECIPES)
    return tuple(row for row in rows if row.values[0] != row.values[1])


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


def _settings(configs: Sequence[Mapping[str, Any]]) -> Iterator[Difference]:
    # Settings of a newer version are unknown here, and may be the difference.
    unknown = sorted({name for config in configs for name in config} - set(SETTINGS))
    for name in (*SETTINGS, *unknown):
        # The config of an older version lacks later settings, which then had their defaults.
        default = getattr(TrainConfig(), name, None)
        yield Difference(name, tuple(config.get(name, default) for config in configs))
