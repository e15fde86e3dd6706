"""What is different between runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mnist_tui.runs import Run, RunRecord
from mnist_tui.runs.compare import compare, find_differences
from mnist_tui.runs.config_diff import config_diff
from mnist_tui.runs.index import RunIndex, RunScanner
from tests import sample_runs


def _record(**settings: Any) -> RunRecord:
    return RunRecord.from_dict(sample_runs.record(**settings))


def test_only_what_differs_is_listed_in_the_order_of_the_settings() -> None:
    records = [_record(), _record(seed=2, lr=0.02), _record(lr=0.02)]
    assert [(row.setting, row.values) for row in find_differences(records)] == [
        ("seed", (1, 2, 1)),
        ("lr", (0.01, 0.02, 0.02)),
    ]


def test_the_same_twice_differs_in_nothing() -> None:
    assert find_differences([_record(), _record()]) == ()


def test_model_data_and_machine_count_too() -> None:
    other = _record().replace(model={"name": "mine", "parameters": 100}, machine={})
    found = {row.setting: row.values for row in find_differences([_record(), other])}
    assert found["parameters"] == (6790, 100)
    assert found["processor"] == ("A processor", None)


def test_a_setting_an_older_version_lacked_is_at_its_default() -> None:
    old = _record()
    old = old.replace(config={name: value for name, value in old.config.items() if name != "ema"})
    assert find_differences([old, _record()]) == ()
    assert [row.values for row in find_differences([old, _record(ema=0.99)])] == [(0.0, 0.99)]


def test_a_setting_of_a_newer_version_is_listed() -> None:
    new = _record()
    new = new.replace(config={**new.config, "mixup": 0.2})
    assert [(row.setting, row.values) for row in find_differences([_record(), new])] == [("mixup", (None, 0.2))]


def test_changes_name_the_recipes_value_first() -> None:
    config = _record(epochs=15, lr=0.5, seed=2, device="cuda", model="wide").config
    assert [(row.setting, row.values) for row in config_diff(config)] == [
        ("seed", (1, 2)),
        ("lr", (0.01, 0.5)),
    ]


def test_the_keys_of_a_comparison_stay_what_they_were(tmp_path: Path) -> None:
    scanned = RunScanner(sample_runs.write_finished(tmp_path, "run", 0.9)).scan()
    [numbers] = compare([scanned]).to_dict()["runs"]
    assert list(numbers) == [
        "summary",
        "best_test_loss",
        "final_test_loss",
        "final_train_accuracy",
        "seconds_an_epoch",
    ]


def test_a_recipe_that_is_unknown_has_no_settings_to_differ_from() -> None:
    assert config_diff({**_record(lr=0.5).config, "recipe": "of another version"}) == ()


def test_numbers_are_of_the_best_and_the_last_epoch(tmp_path: Path) -> None:
    run = sample_runs.write_finished(tmp_path, "run", 0.90, 0.99, 0.95)
    [numbers] = compare([RunScanner(run).scan()]).runs
    assert (numbers.summary.best_epoch, numbers.best_test_loss) == (2, 0.2)
    assert numbers.final_test_loss == pytest.approx(0.4 / 3)
    assert numbers.seconds_per_epoch == 9.0


def test_runs_without_numbers_and_damaged_ones_can_be_compared(tmp_path: Path) -> None:
    sample_runs.write_some(tmp_path)
    compared = compare(list(RunIndex(tmp_path).scan()))
    by_name = {run.summary.name: run for run in compared.runs}
    assert by_name["gamma"].final_test_loss is None
    assert by_name["omega"].summary.status == "unreadable"
    assert all(len(row.values) == 4 for row in compared.differences)


def test_a_run_of_one_folder_is_read_on_its_own(tmp_path: Path) -> None:
    assert RunScanner(Run(tmp_path / "none")).scan().summary.status == "unreadable"
