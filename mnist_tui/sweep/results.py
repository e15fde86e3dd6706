"""Results of a sweep: per trial and per combination, also as JSON and CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from mnist_tui.errors import RunError
from mnist_tui.runs import Run
from mnist_tui.runs.history import RunHistory, RunStatus
from mnist_tui.sweep.plans import Combination, Grid, Metric, Search, SweepPlan, Trial, count_trials
from mnist_tui.sweep.statistics import Spread, compute_spread
from mnist_tui.system.sanitize import escape_csv_cell

PRUNED = "pruned: "
"""The start of the reason with which a search stops an unpromising run."""


class TrialStatus(StrEnum):
    """The state of a trial."""

    WAITING = "waiting"
    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"
    """Stopped before its end, with or without a checkpoint; it can be resumed."""
    PRUNED = "pruned"
    FAILED = "failed"


DONE = (TrialStatus.FINISHED, TrialStatus.PRUNED)
"""The states of trials that are not trained again."""


@dataclass(frozen=True)
class TrialResult:
    """The result of one trial. Accuracies are those of its last epoch; None while there is none."""

    trial: Trial
    status: TrialStatus = TrialStatus.WAITING
    validation_accuracy: float | None = None
    test_accuracy: float | None = None
    epochs_done: int = 0
    seconds: float = 0.0
    reason: str = ""
    """Why it stopped or failed."""

    def accuracy(self, on: Metric) -> float | None:
        return self.validation_accuracy if on == "validation" else self.test_accuracy

    def to_dict(self) -> dict[str, Any]:
        return {
            "run": self.trial.name,
            "settings": dict(self.trial.combination.values),
            "seed": self.trial.seed,
            "status": self.status.value,
            "epochs_done": self.epochs_done,
            "validation_accuracy": self.validation_accuracy,
            "test_accuracy": self.test_accuracy,
            "seconds": self.seconds,
            "reason": self.reason,
        }


@dataclass(frozen=True)
class CombinationResult:
    """A combination over its seeds; the statistics are those of the finished trials."""

    combination: Combination
    results: tuple[TrialResult, ...]
    validation: Spread | None
    test: Spread | None
    seconds: float | None
    """The mean duration of a run."""

    @property
    def done(self) -> int:
        return sum(result.status is TrialStatus.FINISHED for result in self.results)

    def spread(self, on: Metric) -> Spread | None:
        return self.validation if on == "validation" else self.test


_STATUSES = {
    RunStatus.FINISHED: TrialStatus.FINISHED,
    RunStatus.FAILED: TrialStatus.FAILED,
    RunStatus.TRAINING: TrialStatus.RUNNING,
    RunStatus.EVALUATING: TrialStatus.RUNNING,
    RunStatus.PAUSED: TrialStatus.RUNNING,
}


def trial_result(trial: Trial, history: RunHistory) -> TrialResult:
    """The result of a trial according to its run's history."""
    last, reason = history.last, ""
    status = _STATUSES.get(history.status, TrialStatus.STOPPED)
    if history.failed is not None:
        reason = history.failed.message
    elif history.stopped is not None:
        reason = history.stopped.reason
        if reason.startswith(PRUNED):
            status = TrialStatus.PRUNED
    return TrialResult(
        trial=trial,
        status=status,
        validation_accuracy=last.validation_accuracy if last else None,
        test_accuracy=last.test_accuracy if last else None,
        epochs_done=len(history.epochs),
        seconds=history.seconds,
        reason=reason,
    )


def read(plan: SweepPlan, runs_dir: Path) -> dict[str, TrialResult]:
    """The results on disk, by the run's name, in the plan's order."""
    trials = plan.trials() if isinstance(plan, Grid) else _trials_on_disk(plan, runs_dir)
    return {trial.name: read_result(trial, runs_dir) for trial in trials}


def read_result(trial: Trial, runs_dir: Path) -> TrialResult:
    """The result on disk; a trial whose log cannot be read has failed."""
    run = Run(runs_dir / trial.name)
    if not run.config_file.exists():
        return TrialResult(trial)
    try:
        return trial_result(trial, run.history(progress=False))
    except RunError as error:
        return TrialResult(trial, TrialStatus.FAILED, reason=str(error))


def group_by_combination(results: Iterable[TrialResult]) -> list[CombinationResult]:
    """The results of each combination, by its number."""
    groups: dict[int, list[TrialResult]] = {}
    for result in results:
        groups.setdefault(result.trial.combination.number, []).append(result)
    return [_row(group) for _, group in sorted(groups.items())]


def sort_best_first(rows: Sequence[CombinationResult], on: Metric) -> list[CombinationResult]:
    """Sort by mean accuracy, combinations without one last."""

    return sorted(rows, key=lambda row: counted.mean if (counted := row.spread(on)) else -1.0, reverse=True)


def varied_settings(rows: Iterable[CombinationResult]) -> list[str]:
    """The names of the settings that differ between the combinations."""
    return list(dict.fromkeys(name for row in rows for name, _ in row.combination.values))


def to_dict(plan: SweepPlan, results: Sequence[TrialResult]) -> dict[str, Any]:
    """All results as plain values for JSON, the best combination first."""
    ordered = sort_best_first(group_by_combination(results), plan.on)
    return {
        "name": plan.name,
        "kind": "search" if isinstance(plan, Search) else "grid",
        "created": plan.created,
        "on": plan.on,
        "trials": count_trials(plan),
        "statuses": {status.value: sum(result.status is status for result in results) for status in TrialStatus},
        "rows": [
            {
                "settings": dict(row.combination.values),
                "done": row.done,
                "seeds": len(row.results),
                "validation": asdict(row.validation) if row.validation else None,
                "test": asdict(row.test) if row.test else None,
                "seconds": row.seconds,
                "runs": [result.to_dict() for result in row.results],
            }
            for row in ordered
        ],
    }


def to_csv(plan: SweepPlan, results: Sequence[TrialResult]) -> str:
    """One line per combination, best first, with accuracies as fractions."""
    text = io.StringIO()
    ordered = sort_best_first(group_by_combination(results), plan.on)
    settings = varied_settings(ordered)
    figures = [f"{metric}_{name}" for metric in ("validation", "test") for name in _FIGURES]
    heads = [*settings, "seeds", "done", *figures, "seconds"]
    writer = csv.DictWriter(text, heads, lineterminator="\n")
    writer.writerow({head: escape_csv_cell(head) for head in heads})
    for row in ordered:
        writer.writerow(
            {name: escape_csv_cell(value) for name, value in row.combination.values}
            | {"seeds": len(row.results), "done": row.done, "seconds": row.seconds}
            | _figures("validation", row.validation)
            | _figures("test", row.test)
        )
    return text.getvalue()


_FIGURES = ("mean", "deviation", "margin", "best", "worst")


def _figures(metric: Metric, counted: Spread | None) -> dict[str, Any]:
    return {f"{metric}_{name}": getattr(counted, name) if counted else None for name in _FIGURES}


def _row(results: Sequence[TrialResult]) -> CombinationResult:
    finished = [result for result in results if result.status is TrialStatus.FINISHED]
    return CombinationResult(
        combination=results[0].trial.combination,
        results=tuple(results),
        validation=compute_spread([r.validation_accuracy for r in finished if r.validation_accuracy is not None]),
        test=compute_spread([r.test_accuracy for r in finished if r.test_accuracy is not None]),
        seconds=sum(result.seconds for result in finished) / len(finished) if finished else None,
    )


def _trials_on_disk(search: Search, runs_dir: Path) -> list[Trial]:
    """The trials of a search that have begun, with the settings that their runs have."""
    own = re.compile(rf"{re.escape(search.name)}-t(\d+)")
    try:
        names = sorted(path.name for path in runs_dir.iterdir() if own.fullmatch(path.name))
    except OSError:
        return []
    found = []
    for name in names:
        try:
            config = Run(runs_dir / name).record().train_config()
        except RunError:
            continue
        values = tuple((setting, getattr(config, setting)) for setting in search.space)
        found.append(search.trial(int(name.rpartition("-t")[2]), values))
    return found
