"""The list of runs, kept up to date."""

from __future__ import annotations

from pathlib import Path

import pytest

from mnist_tui.errors import RunError
from mnist_tui.runs.index import RunIndex, ScannedRun
from mnist_tui.runs.summary import filter_by_text, summarize
from tests import sample_runs


def scan(index: RunIndex) -> dict[str, ScannedRun]:
    return {found.run.name: found for found in index.scan()}


def statuses(index: RunIndex) -> dict[str, str]:
    return {name: found.summary.status for name, found in scan(index).items()}


def test_it_says_of_each_run_what_reading_it_alone_says(tmp_path: Path) -> None:
    sample_runs.write_some(tmp_path)
    for found in RunIndex(tmp_path).scan():
        assert found.summary == summarize(found.run)


def test_a_folder_that_is_not_there_yet_holds_no_runs(tmp_path: Path) -> None:
    assert scan(RunIndex(tmp_path / "later")) == {}


def test_a_file_in_the_folders_place_is_said_to_be_unreadable(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")
    with pytest.raises(RunError, match="cannot be read"):
        scan(RunIndex(tmp_path / "runs"))


def test_what_has_not_changed_is_not_read_again(tmp_path: Path) -> None:
    sample_runs.write_some(tmp_path)
    index = RunIndex(tmp_path)
    before, after = scan(index), scan(index)
    assert all(before[name] is after[name] for name in before)


def test_runs_come_grow_and_go(tmp_path: Path) -> None:
    index = RunIndex(tmp_path)
    run = sample_runs.write(tmp_path, "new", sample_runs.epoch(1))
    assert len(scan(index)["new"].rows) == 1
    with run.writer() as writer:
        writer.append(sample_runs.epoch(2))
        assert len(scan(index)["new"].rows) == 2
    run.delete()
    assert scan(index) == {}


def test_a_status_follows_the_writer_and_its_end(tmp_path: Path) -> None:
    index = RunIndex(tmp_path)
    run = sample_runs.write(tmp_path, "run")
    assert statuses(index) == {"run": "interrupted"}
    with run.writer() as writer:
        assert statuses(index) == {"run": "training"}
        writer.append(sample_runs.epoch(1))
        assert statuses(index) == {"run": "training"}
    assert statuses(index) == {"run": "interrupted"}
    with run.writer() as writer:
        writer.append(sample_runs.run_finished())
    assert statuses(index) == {"run": "finished"}


def test_a_replaced_log_starts_its_history_anew(tmp_path: Path) -> None:
    index = RunIndex(tmp_path)
    run = sample_runs.write_finished(tmp_path, "run", 0.8, 0.9, 0.95)
    other = sample_runs.write(tmp_path / "elsewhere", "other", sample_runs.epoch(1, 0.5))
    assert len(scan(index)["run"].rows) == 3
    other.log_file.replace(run.log_file)
    assert len(scan(index)["run"].rows) == 1


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["alpha", "beta", "delta", "gamma", "omega"]),
        ("kmnist", ["beta"]),
        ("FIN ref", ["alpha", "beta"]),
        ("mine", ["gamma"]),
        ("interrupted mnist", ["delta"]),
        ("unreadable", ["omega"]),
        ("nothing such", []),
    ],
)
def test_every_word_of_a_filter_must_be_found(tmp_path: Path, query: str, names: list[str]) -> None:
    sample_runs.write_some(tmp_path)
    summaries = [found.summary for found in RunIndex(tmp_path).scan()]
    assert sorted(summary.name for summary in filter_by_text(query, summaries)) == names
