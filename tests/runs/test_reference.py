"""Which run another one is compared with."""

from __future__ import annotations

from pathlib import Path

from mnist_tui.runs import Run, RunRecord
from mnist_tui.runs.reference import find_best, read_reference
from tests import sample_runs


def mnist_record(run: str = "new") -> RunRecord:
    return RunRecord.from_dict(sample_runs.record(), run)


def test_the_best_finished_run_of_the_same_dataset_and_epochs_is_the_default(tmp_path: Path) -> None:
    sample_runs.write_some(tmp_path)
    sample_runs.write_finished(tmp_path, "better", 0.90, 0.985, 0.97)
    sample_runs.write_finished(tmp_path, "longer", 0.90, 0.98, 0.98, 0.99)

    found = find_best(tmp_path, mnist_record())

    assert found == Run(tmp_path / "better")


def test_a_run_is_not_compared_with_itself(tmp_path: Path) -> None:
    sample_runs.write_finished(tmp_path, "alone", 0.90, 0.98, 0.97)

    assert read_reference(tmp_path, mnist_record("alone")) is None
    assert read_reference(tmp_path, mnist_record("alone"), pinned=Run(tmp_path / "alone")) is None


def test_a_pinned_run_comes_before_the_best_one_whatever_it_was_trained_on(tmp_path: Path) -> None:
    sample_runs.write_some(tmp_path)

    reference = read_reference(tmp_path, mnist_record(), pinned=Run(tmp_path / "beta"))

    assert reference is not None
    assert (reference.name, reference.is_pinned) == ("beta", True)
    assert [row.test_accuracy for row in reference.history.rows] == [0.91, 0.99, 0.99]
    assert reference.history.batch_losses


def test_a_pinned_run_that_has_gone_or_is_damaged_is_no_reference(tmp_path: Path) -> None:
    sample_runs.write_some(tmp_path)

    assert read_reference(tmp_path, mnist_record(), pinned=Run(tmp_path / "gone")) is None
    assert read_reference(tmp_path, mnist_record(), pinned=Run(tmp_path / "omega")) is None


def test_where_there_are_no_runs_there_is_no_reference(tmp_path: Path) -> None:
    assert read_reference(tmp_path / "none", mnist_record()) is None
