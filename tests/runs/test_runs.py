"""Runs on disk: their names and folders, how they are found, and their summaries."""

from __future__ import annotations

import errno
import json
import os
import shutil
import time
from pathlib import Path

import pytest

from mnist_tui import runs
from mnist_tui.errors import RunError
from mnist_tui.events import EpochFinished
from mnist_tui.runs import cleanup
from mnist_tui.runs.summary import sort_by, summarize
from tests.runs.samples import RECORD, create
from tests.small_disks import mount_disk


@pytest.mark.parametrize("name", ["mine", "2026", "a b", "A.b_c+d-e", "größer", "数字", "x" * 120])
def test_a_good_name_is_the_folders(tmp_path: Path, name: str) -> None:
    run = create(tmp_path, name)
    assert run.folder == tmp_path / name
    assert runs.find(tmp_path, name) == run


@pytest.mark.parametrize(
    "name",
    [
        "..",
        ".",
        ".hidden",
        "../up",
        "a/b",
        "/root",
        "a\\b",
        "-option",
        " lead",
        "_x",
        "[red]x[/]",
        "a\x1b[2J",
        "a\nb",
        "a\n",
        "a\0b",
        "a:b",
        "x" * 121,
        "数" * 100,
        "latest",
    ],
)
def test_a_bad_name_is_refused_and_nothing_is_made(tmp_path: Path, name: str) -> None:
    with pytest.raises(RunError, match="cannot be a run's name") as raised:
        create(tmp_path / "runs", name)
    assert raised.value.exit_code == 4
    assert "\x1b" not in str(raised.value)
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_taken_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    run = create(tmp_path, "mine")
    before = run.config_file.read_bytes()
    with pytest.raises(RunError, match="there is a run 'mine' already"):
        create(tmp_path, "mine", created="later")
    assert run.config_file.read_bytes() == before


def test_runs_of_one_name_get_numbers(tmp_path: Path) -> None:
    assert [create(tmp_path).name for _ in range(3)] == [
        "reference-e3-s5",
        "reference-e3-s5-2",
        "reference-e3-s5-3",
    ]


def test_a_runs_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(RunError, match=f"no run can be written in {file}") as raised:
        create(file)
    assert "--runs-dir" in raised.value.remedy


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="mounting needs root")
def test_a_read_only_disk_is_called_so(tmp_path: Path) -> None:
    with mount_disk(tmp_path / "disk", "ro") as disk:
        for begin in (runs.check_can_create, create):
            with pytest.raises(RunError, match=f"no run can be written in {disk}/runs: Read-only"):
                begin(disk / "runs", "mine")


def test_a_name_that_something_else_has_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").touch()
    for begin in (runs.check_can_create, create):
        with pytest.raises(RunError, match=f"there is {tmp_path / 'mine'} already, which is no run") as raised:
            begin(tmp_path, "mine")
        assert raised.value.remedy == "Choose another name."
    assert [entry.name for entry in tmp_path.iterdir()] == ["mine"]


def test_an_empty_folder_does_not_keep_a_name(tmp_path: Path) -> None:
    """Earlier versions left one when they were killed, or had no room, at the start."""
    (tmp_path / "mine").mkdir()
    runs.check_can_create(tmp_path, "mine")
    assert create(tmp_path, "mine").record().to_dict() == RECORD


def test_what_a_kill_left_of_a_run_in_the_making_is_swept_but_not_what_is_being_made(tmp_path: Path) -> None:
    young, old = (cleanup.hidden_folder_for_new_run(tmp_path) for _ in range(2))
    for folder, age in ((old, 7200), (young, 60)):
        folder.mkdir()
        (folder / ".config.json.x_1aw09z.tmp").touch()
        os.utime(folder, (time.time() - age,) * 2)
    create(tmp_path, "mine")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [young.name, "mine"]
    assert [run.name for run in runs.list_runs(tmp_path)] == ["mine"]


def test_a_disk_without_room_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_args: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunError, match="No space left on device"):
        create(tmp_path, "mine")
    assert list(tmp_path.iterdir()) == []


def test_a_path_that_is_no_utf8_can_be_in_a_record(tmp_path: Path) -> None:
    source = b"/data/\xff".decode(errors="surrogateescape")
    assert create(tmp_path, data={"source": source}).record().data.source == source


def test_a_run_is_found_by_name_prefix_path_and_as_the_latest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = create(tmp_path, "b-old", created="2026-01-01")
    new = create(tmp_path, "a-new", created="2026-02-01")
    assert runs.list_runs(tmp_path) == [old, new]
    assert runs.find(tmp_path, "b-old") == old
    assert runs.find(tmp_path, "b") == old
    assert runs.find(tmp_path, "latest") == new
    assert runs.find(Path("elsewhere"), str(old.folder)) == old
    assert runs.find(Path("elsewhere"), f"{old.folder}/") == old
    monkeypatch.chdir(tmp_path)
    assert runs.find(Path("elsewhere"), "./b-old") == old


def test_a_whole_name_wins_over_a_longer_one(tmp_path: Path) -> None:
    run = create(tmp_path, "run")
    create(tmp_path, "run-2")
    assert runs.find(tmp_path, "run") == run


def test_an_ambiguous_prefix_is_refused_with_what_it_could_mean(tmp_path: Path) -> None:
    for name in ("run-1", "run-2"):
        create(tmp_path, name)
    with pytest.raises(RunError, match="'run' could mean 2 runs: run-1, run-2"):
        runs.find(tmp_path, "run")


@pytest.mark.parametrize(
    "query",
    ["", "nothing", "/no/such", "~no-such-user/x", "/" + "a" * 5000, "a\0b", "~a\0/x", "../x", "*", "[red]"],
)
def test_an_unknown_run_is_refused_with_the_newest(tmp_path: Path, query: str) -> None:
    create(tmp_path, "mine")
    with pytest.raises(RunError, match="The newest is mine") as raised:
        runs.find(tmp_path, query)
    assert raised.value.exit_code == 4


def test_there_is_no_latest_of_no_runs(tmp_path: Path) -> None:
    assert runs.list_runs(tmp_path / "nowhere") == []
    with pytest.raises(RunError, match="there is no run 'latest'"):
        runs.find(tmp_path / "nowhere", "latest")


def test_what_is_no_run_is_not_listed(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    shutil.copytree(create(tmp_path, "mine").folder, tmp_path / ".hidden")
    assert [run.name for run in runs.list_runs(tmp_path)] == ["mine"]


DAMAGED = [
    "",
    "garbage",
    "[]",
    "3",
    '{"config": 3}',
    "[" * 100_000,
    "\x00",
    '{"config": {}, "model": []}',
    '{"config": {}, "data": 1}',
    '{"config": {}, "versions": [1]}',
]


@pytest.mark.parametrize("text", DAMAGED, ids=lambda text: text[:20])
def test_a_damaged_record_is_an_error_that_names_the_file(tmp_path: Path, text: str) -> None:
    run = create(tmp_path, "mine")
    run.config_file.write_text(text)
    with pytest.raises(RunError, match=r"config\.json") as raised:
        run.record()
    assert raised.value.exit_code == 4


@pytest.mark.parametrize("text", [*DAMAGED, '{"config": {"epochs": "many", "seed": []}}'], ids=lambda text: text[:20])
def test_a_damaged_run_is_listed_with_little_to_say(tmp_path: Path, text: str) -> None:
    run = create(tmp_path, "mine")
    run.config_file.write_text(text)
    summary = summarize(runs.list_runs(tmp_path)[0])
    assert summary.name == "mine"
    assert (summary.epochs, summary.seed, summary.best_test_accuracy) == (0, None, None)
    json.dumps(summary.to_dict())


def test_a_summary_says_what_the_run_is(tmp_path: Path) -> None:
    summary = summarize(create(tmp_path, "mine"))
    assert (summary.name, summary.status, summary.dataset, summary.model) == (
        "mine",
        "empty",
        "mnist",
        "linear",
    )
    assert (summary.seed, summary.parameters, summary.epochs, summary.epochs_done) == (5, 7850, 3, 0)


def finished_epoch(accuracy: float) -> EpochFinished:
    return EpochFinished(
        epoch=1,
        epochs=1,
        train_loss=1.0,
        train_accuracy=0.5,
        test_loss=1.0,
        test_accuracy=accuracy,
        learning_rate=0.1,
        seconds=2.0,
        images_per_second=1.0,
        best=True,
    )


def test_summaries_sort_with_the_best_first_and_the_unknown_last(tmp_path: Path) -> None:
    create(tmp_path, "a", created="1")
    for name, accuracy in (("c", 0.5), ("b", 0.9)):
        with create(tmp_path, name, created=name).writer() as writer:
            writer.append(finished_epoch(accuracy))
    summaries = [summarize(run) for run in runs.list_runs(tmp_path)]
    by = {key: "".join(one.name for one in sort_by(key, summaries)) for key in ("name", "best", "final", "created")}
    assert by == {"name": "abc", "best": "bca", "final": "bca", "created": "abc"}
    assert {one.seconds for one in summaries} == {0.0, 2.0}
