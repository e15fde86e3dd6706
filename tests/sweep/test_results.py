"""From runs on disk to rows: what counts, what is best, and both as text."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mnist_tui import runs
from mnist_tui.config import TrainConfig
from mnist_tui.events import Event, RunFailed, RunStopped
from mnist_tui.runs.history import RunHistory
from mnist_tui.sweep import plans, results
from mnist_tui.sweep.plans import Grid, Search
from mnist_tui.sweep.progress import (
    ResultsRead,
    SweepProgress,
    SweepStarted,
    TrialEnded,
    TrialEvent,
    TrialStarted,
)
from mnist_tui.sweep.results import PRUNED, TrialResult, TrialStatus
from mnist_tui.sweep.search_space import parse_space
from tests import sample_runs

CONFIG = TrainConfig(dataset="mnist", epochs=2, validation=5000)
PLAN = Grid(
    "g",
    "2026-11-25T08:00:00.000Z",
    plans.build_combinations(lambda values: CONFIG.replace(**values), {"lr": (0.1, 0.2)}),
    (1, 2),
    "validation",
)
SEARCH = Search("s", "2026-11-25T08:00:00.000Z", CONFIG, parse_space(["lr=log:1e-3:1"]), 9, True)


def epochs(validation: float, test: float) -> Iterator[Event]:
    for number in (1, 2):
        yield replace(sample_runs.epoch(number, test, epochs=2), validation_accuracy=validation, validation_loss=0.1)


def trained(runs_dir: Path, name: str, validation: float, test: float, *end: Event, lr: float = 0.1) -> None:
    last = end or (sample_runs.run_finished(epochs=2),)
    sample_runs.write(runs_dir, name, *epochs(validation, test), *last, epochs=2, lr=lr, validation=5000)


@pytest.fixture
def runs_dir(tmp_path: Path) -> Path:
    """The first combination: 98 and 99 % on validation. The second: one failed, one not begun."""
    trained(tmp_path, "g-c1-s1", 0.98, 0.95)
    trained(tmp_path, "g-c1-s2", 0.99, 0.94)
    sample_runs.write(tmp_path, "g-c2-s1", RunFailed(error="DivergedError", message="the loss is nan"))
    return tmp_path


def test_a_row_has_the_statistics_of_its_finished_runs(runs_dir: Path) -> None:
    first, second = results.group_by_combination(results.read(PLAN, runs_dir).values())
    assert (first.done, len(first.results), second.done) == (2, 2, 0)
    assert first.validation is not None
    assert first.validation.mean == pytest.approx(0.985)
    assert first.validation.deviation == pytest.approx(0.00707, abs=1e-5)
    assert first.test is not None
    assert first.test.mean == pytest.approx(0.945)
    assert first.seconds == 18.0
    assert (second.validation, second.seconds) == (None, None)
    assert [result.status.value for result in second.results] == ["failed", "waiting"]
    assert second.results[0].reason == "the loss is nan"


def test_the_best_comes_first_by_the_figure_that_counts(runs_dir: Path) -> None:
    trained(runs_dir, "g-c2-s2", 0.97, 0.99, lr=0.2)
    rows = results.group_by_combination(results.read(PLAN, runs_dir).values())
    assert [row.combination.number for row in results.sort_best_first(rows, "validation")] == [1, 2]
    assert [row.combination.number for row in results.sort_best_first(rows, "test")] == [2, 1]


def test_csv_reads_back(runs_dir: Path) -> None:
    found = list(results.read(PLAN, runs_dir).values())
    lines = list(csv.DictReader(io.StringIO(results.to_csv(PLAN, found))))
    assert [(line["lr"], line["done"], line["seeds"]) for line in lines] == [
        ("0.1", "2", "2"),
        ("0.2", "0", "2"),
    ]
    assert float(lines[0]["validation_mean"]) == pytest.approx(0.985)
    assert lines[1]["validation_mean"] == ""


def test_json_has_every_run(runs_dir: Path) -> None:
    document = results.to_dict(PLAN, list(results.read(PLAN, runs_dir).values()))
    assert (document["kind"], document["trials"], document["statuses"]["finished"]) == ("grid", 4, 2)
    assert [run["run"] for row in document["rows"] for run in row["runs"]] == [
        "g-c1-s1",
        "g-c1-s2",
        "g-c2-s1",
        "g-c2-s2",
    ]


def test_a_damaged_run_is_a_failed_trial(runs_dir: Path) -> None:
    log = runs.find(runs_dir, "g-c1-s1").log_file
    log.unlink()
    log.mkdir()
    assert results.read(PLAN, runs_dir)["g-c1-s1"].status is TrialStatus.FAILED


def test_a_search_is_read_from_its_runs(tmp_path: Path) -> None:
    trained(tmp_path, "s-t000", 0.98, 0.9, lr=0.25)
    trained(tmp_path, "s-t001", 0.5, 0.5, RunStopped(epoch=2, step=9, reason=f"{PRUNED}worse"), lr=0.5)
    trained(tmp_path, "s-t002", 0.5, 0.5, RunStopped(epoch=2, step=9, reason="terminated"), lr=0.5)
    trained(tmp_path, "s-t00x", 0.5, 0.5)
    sample_runs.write_some(tmp_path)
    found = results.read(SEARCH, tmp_path)
    assert {name: (result.status.value, dict(result.trial.combination.values)) for name, result in found.items()} == {
        "s-t000": ("finished", {"lr": 0.25}),
        "s-t001": ("pruned", {"lr": 0.5}),
        "s-t002": ("stopped", {"lr": 0.5}),
    }
    assert results.to_dict(SEARCH, list(found.values()))["trials"] == 9


def test_the_board_follows_a_sweep() -> None:
    trials = list(PLAN.trials())
    progress = SweepProgress()
    progress.apply(SweepStarted(PLAN, {trial.name: TrialResult(trial) for trial in trials}, 2))
    assert (progress.total, progress.ended) == (4, 0)
    progress.apply(TrialStarted(trials[0], RunHistory(), False))
    progress.apply(TrialEvent(trials[0], sample_runs.epoch(1)))
    assert [history.last.epoch for _, history in progress.running.values() if history.last] == [1]
    assert progress.counts[TrialStatus.RUNNING] == 1
    progress.apply(TrialEnded(TrialResult(trials[0], TrialStatus.FAILED, reason="crashed")))
    assert (progress.ended, progress.running) == (1, {})
    seen = {trial.name: TrialResult(trial, TrialStatus.STOPPED) for trial in trials}
    progress.apply(ResultsRead(seen))
    assert [result.status.value for result in progress.results.values()] == ["failed", *["stopped"] * 3]


def test_csv_holds_no_formulas_and_no_control_codes() -> None:
    nasty = '=HYPERLINK("http://x")\x1b]0;owned\x07'
    combination = replace(PLAN.combinations[0], values=((nasty, nasty), ("lr", -0.5)))
    plan = replace(PLAN, combinations=(combination,))
    text = results.to_csv(plan, [TrialResult(trial) for trial in plan.trials()])
    assert "\x1b" not in text
    (row,) = csv.DictReader(io.StringIO(text))
    harmless = '\'=HYPERLINK("http://x")]0;owned'
    assert (row[harmless], row["lr"]) == (harmless, "-0.5")
