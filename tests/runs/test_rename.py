"""Renaming a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from mnist_tui import runs
from mnist_tui.errors import RunError
from mnist_tui.runs import Run
from tests import sample_runs


def test_all_of_it_goes_under_the_new_name(tmp_path: Path) -> None:
    run = sample_runs.write_finished(tmp_path, "old", 0.9)
    rows = run.history().rows
    renamed = run.rename("new name")
    assert [found.name for found in runs.list_runs(tmp_path)] == ["new name"]
    assert renamed.history().rows == rows
    assert not renamed.is_locked()


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "-x", "x" * 200])
def test_a_bad_name_is_refused(tmp_path: Path, name: str) -> None:
    run = sample_runs.write(tmp_path, "run")
    with pytest.raises(RunError, match="cannot be a run's name"):
        run.rename(name)
    assert run.folder.is_dir()


def test_a_taken_name_is_refused_and_both_stay(tmp_path: Path) -> None:
    run, other = sample_runs.write(tmp_path, "run"), sample_runs.write(tmp_path, "other")
    with pytest.raises(RunError, match="there is a run 'other' already"):
        run.rename("other")
    assert run.folder.is_dir()
    assert other.folder.is_dir()


@pytest.mark.usefixtures("impatient")
def test_a_run_being_written_is_refused(tmp_path: Path) -> None:
    run = sample_runs.write(tmp_path, "run")
    with run.writer(), pytest.raises(RunError, match="in use"):
        Run(run.folder).rename("new")
    assert run.folder.is_dir()
