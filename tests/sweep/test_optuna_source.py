"""A study that several processes work on: who gets which trial, what is left behind, what is pruned."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mnist_tui.config import TrainConfig
from mnist_tui.events import RunStopped
from mnist_tui.sweep import folder as folders
from mnist_tui.sweep.folder import SweepFolder
from mnist_tui.sweep.plans import Search, Trial
from mnist_tui.sweep.results import PRUNED, TrialResult, TrialStatus
from mnist_tui.sweep.search_space import parse_space
from tests import sample_runs

optuna = pytest.importorskip("optuna")

from mnist_tui.sweep.optuna_source import OptunaSource, register_worker  # noqa: E402 - not without Optuna

CONFIG = TrainConfig(dataset="mnist", validation=5000, epochs=10)
SPACE = parse_space(["lr=log:1e-3:1e-1", "batch_size=choice:16,64", "ema=float:0:0.9", "warmup=float:0.1:0.5"])
SEARCH = Search("s", "2026-11-25T08:00:00.000Z", CONFIG, SPACE, 30, True)


@pytest.fixture
def home(tmp_path: Path) -> SweepFolder:
    home = folders.sweep_folder(tmp_path, "s")
    home.write(SEARCH)
    return home


def begin(source: OptunaSource) -> Trial:
    trial = source.next()
    assert trial is not None
    return trial


def finished(trial: Trial, accuracy: float) -> TrialResult:
    return TrialResult(trial, TrialStatus.FINISHED, validation_accuracy=accuracy)


def states(home: SweepFolder) -> list[str]:
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(home.study_file)))
    return [trial.state.name for trial in optuna.load_study(study_name="s", storage=storage).trials]


def test_values_come_from_the_space(home: SweepFolder) -> None:
    with register_worker(home) as worker:
        trials = [begin(OptunaSource(home, SEARCH, worker)) for _ in range(5)]
    assert [trial.name for trial in trials] == [f"s-t00{number}" for number in range(5)]
    for trial in trials:
        values = dict(trial.combination.values)
        assert list(values) == list(SPACE)
        assert 1e-3 <= float(values["lr"]) <= 1e-1
        assert values["batch_size"] in (16, 64)
        assert trial.config.lr == values["lr"]
    assert len({trial.config.lr for trial in trials}) == 5


def test_the_same_seed_and_results_give_the_same_trials(home: SweepFolder, tmp_path: Path) -> None:
    def searched(place: Path) -> list[float]:
        home = folders.sweep_folder(place, "s")
        home.write(SEARCH)
        found = []
        with register_worker(home) as worker:
            source = OptunaSource(home, SEARCH, worker)
            for number in range(14):  # beyond those that are drawn at random
                trial = begin(source)
                found.append(trial.config.lr)
                source.on_end(finished(trial, 0.9 + trial.config.lr * (number % 3) / 100))
        return found

    assert searched(tmp_path / "once") == searched(tmp_path / "again")


def test_a_study_has_as_many_trials_as_were_asked_for(home: SweepFolder) -> None:
    search = replace(SEARCH, count=3)
    with register_worker(home) as one, register_worker(home) as two:
        first, second = OptunaSource(home, search, one), OptunaSource(home, search, two)
        assert {begin(first).name, begin(second).name, begin(first).name} == {"s-t000", "s-t001", "s-t002"}
        assert second.next() is None
        assert first.next() is None


def test_what_a_process_left_behind_goes_to_the_next_with_the_same_values(home: SweepFolder) -> None:
    with register_worker(home) as gone:
        left = begin(OptunaSource(home, SEARCH, gone))
        with register_worker(home) as other:  # while it lives, it is its own
            assert begin(OptunaSource(home, SEARCH, other)).name == "s-t001"
    with register_worker(home) as heir:
        source = OptunaSource(home, SEARCH, heir)
        adopted = [begin(source), begin(source)]
        assert adopted[0] == left
        assert [trial.name for trial in adopted] == ["s-t000", "s-t001"]
        assert begin(source).name == "s-t002"
    assert [path.name for path in home.path.glob(".*-*.lock")] == []


def test_a_run_that_ended_unsaid_is_told_and_not_trained_again(home: SweepFolder) -> None:
    with register_worker(home) as gone:
        left = begin(OptunaSource(home, SEARCH, gone))
    row = replace(sample_runs.epoch(1), validation_accuracy=0.9, validation_loss=0.1)
    sample_runs.write(home.runs_dir, left.name, row, sample_runs.run_finished(), lr=left.config.lr)
    with register_worker(home) as heir:
        assert begin(OptunaSource(home, SEARCH, heir)).name == "s-t001"
    assert states(home) == ["COMPLETE", "RUNNING"]


def test_every_end_is_told(home: SweepFolder) -> None:
    with register_worker(home) as worker:
        source = OptunaSource(home, SEARCH, worker)
        for status in (TrialStatus.FINISHED, TrialStatus.PRUNED, TrialStatus.FAILED, TrialStatus.STOPPED):
            source.on_end(TrialResult(begin(source), status, validation_accuracy=0.9))
    assert states(home) == ["COMPLETE", "PRUNED", "FAIL", "RUNNING"]


@pytest.mark.parametrize("prune", [True, False])
def test_what_does_worse_than_most_is_pruned_after_a_third(home: SweepFolder, prune: bool) -> None:
    with register_worker(home) as worker:
        source = OptunaSource(home, replace(SEARCH, prune=prune), worker)
        for _ in range(6):
            trial = begin(source)
            assert [reason for reason in reasons_for(source, trial, 0.98) if reason] == []
            source.on_end(finished(trial, 0.98))
        reasons = reasons_for(source, begin(source), 0.90)
        assert [bool(reason) for reason in reasons[:2]] == [False, False]
        assert [reason.startswith(PRUNED) for reason in reasons[3:9]] == [prune] * 6
        assert reasons[9] == ""  # at its end it may as well be finished


def reasons_for(source: OptunaSource, trial: Trial, accuracy: float) -> list[str]:
    """What is said after each of ten epochs."""
    rows = [replace(sample_runs.epoch(number, epochs=10), validation_accuracy=accuracy) for number in range(1, 11)]
    return [source.on_event(trial, row) for row in rows]


def test_other_events_are_no_reason(home: SweepFolder) -> None:
    with register_worker(home) as worker:
        source = OptunaSource(home, SEARCH, worker)
        assert source.on_event(begin(source), RunStopped(epoch=1, step=1, reason="")) == ""
