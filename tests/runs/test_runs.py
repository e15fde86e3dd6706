"""Runs on disk: real folders, real locks, real second processes."""

from __future__ import annotations

import errno
import json
import os
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mnist_tui import runs
from mnist_tui.errors import RunError
from mnist_tui.events import EpochFinished, EpochStarted, Event, Notice, RunStopped
from mnist_tui.runs import Run, RunRecord, cleanup
from mnist_tui.runs.history import RunStatus
from mnist_tui.runs.summary import sort_by, summarize
from mnist_tui.system import atomic_file
from tests.data.download.test_mirrors import mounted

RECORD = {
    "created": "2026-11-23T21:14:07.000Z",
    "config": {"dataset": "mnist", "recipe": "reference", "epochs": 3, "seed": 5},
    "model": {"name": "linear", "parameters": 7850},
}
HOLD_THE_LOCK = """
import sys
from pathlib import Path
from mnist_tui.runs import Run
with Run(Path(sys.argv[1])).writer():
    print("held", flush=True)
    sys.stdin.read()
"""


def create(folder: Path, name: str = "", **changes: Any) -> Run:
    return runs.create(folder, RunRecord.from_dict(RECORD | changes), name=name)


def note(message: str) -> Notice:
    return Notice(message=message)


def messages(run: Run) -> list[str]:
    return [event.message for event in run.events() if isinstance(event, Notice)]


@contextmanager
def held_elsewhere(run: Run) -> Iterator[None]:
    """Another process is writing the run."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD_THE_LOCK, str(run.folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield
        process.communicate()


# Names


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
    assert [create(tmp_path).name for _ in range(3)] == ["reference-e3-s5", "reference-e3-s5-2", "reference-e3-s5-3"]


def test_a_runs_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(RunError, match=f"no run can be written in {file}") as raised:
        create(file)
    assert "--runs-dir" in raised.value.remedy


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="mounting needs root")
def test_a_read_only_disk_is_called_so(tmp_path: Path) -> None:
    with contextmanager(mounted)(tmp_path / "disk", "ro") as disk:
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


# Finding


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


# The log


def test_what_is_appended_is_read(tmp_path: Path) -> None:
    run = create(tmp_path, "mine")
    with run.writer() as writer:
        writer.append(note("one"))
        assert messages(run) == ["one"]
        writer.append(note("größer"), durable=True)
    with run.writer() as writer:
        writer.append(note("three"))
    assert messages(run) == ["one", "größer", "three"]


@pytest.mark.parametrize(
    "torn", ['{"event":"Not', '{"ev', '{"event":"Notice' + "x" * 200_000, "\0" * 5000, '{"event":"größ\0\0']
)
def test_a_torn_last_line_is_passed_over_and_cut_when_the_log_is_reopened(tmp_path: Path, torn: str) -> None:
    run = create(tmp_path, "mine")
    with run.writer() as writer:
        writer.append(note("one"))
    whole = run.log_file.read_bytes()
    run.log_file.write_bytes(whole + torn.encode("latin-1"))
    assert messages(run) == ["one"]
    with run.writer() as writer:
        assert run.log_file.read_bytes() == whole
        writer.append(note("two"))
    assert messages(run) == ["one", "two"]


def test_a_log_of_one_torn_line_becomes_empty(tmp_path: Path) -> None:
    run = create(tmp_path, "mine")
    run.log_file.write_text('{"event":"' + "x" * 100_000)
    with run.writer():
        assert run.log_file.read_bytes() == b""


@pytest.mark.parametrize("text", ["dear diary", "one\ndear diary", '{"events": 3}', "\0x"])
def test_what_no_event_begins_with_is_not_cut_but_ended(tmp_path: Path, text: str) -> None:
    """A log may be a hard link to one of the user's files."""
    run = create(tmp_path, "mine")
    run.log_file.write_text(text)
    with run.writer() as writer:
        writer.append(note("two"))
    assert run.log_file.read_text().startswith(f'{text}\n{{"event":"Notice"')
    assert messages(run) == ["two"]


def test_what_a_killed_writer_left_half_written_is_swept_when_the_run_is_reopened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = create(tmp_path, "mine")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", lambda *_args: None)  # killed just before
        atomic_file.write_bytes(run.checkpoint_file, b"half")
    assert len(list(run.folder.glob(".last.ckpt*"))) == 1
    with run.writer():
        assert list(run.folder.glob(".last.ckpt*")) == []
    assert run.config_file.exists()


def test_damage_in_the_middle_costs_one_line(tmp_path: Path) -> None:
    run = create(tmp_path, "mine")
    with run.writer() as writer:
        writer.append(note("one"))
    with run.log_file.open("ab") as log:
        log.write(b"\xff\xfe\x00garbage\n" + b"[" * 100_000 + b"\n")
    with run.writer() as writer:
        writer.append(note("two"))
    assert messages(run) == ["one", "two"]


def test_a_line_without_room_is_taken_back_so_that_the_next_one_is_whole(tmp_path: Path) -> None:
    run = create(tmp_path, "mine")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with run.writer() as writer:
        writer.append(note("one"))
        resource.setrlimit(resource.RLIMIT_FSIZE, (run.log_file.stat().st_size + 5, limits[1]))
        try:
            with pytest.raises(OSError, match="File too large"):
                writer.append(note("no room"))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        writer.append(note("two"))
    assert messages(run) == ["one", "two"]


def test_a_log_that_was_removed_takes_no_last_word(tmp_path: Path) -> None:
    run = create(tmp_path, "mine")
    with run.writer() as writer:
        writer.append(note("one"), durable=True)
        run.log_file.unlink()
        with pytest.raises(FileNotFoundError, match=r"events\.jsonl"):
            writer.append(note("two"), durable=True)


def test_a_reader_sees_only_whole_events_while_another_thread_writes(tmp_path: Path) -> None:
    run = create(tmp_path, "mine")
    count = 300

    def write() -> None:
        with run.writer() as writer:
            for number in range(count):
                writer.append(note(f"{number} " + "x" * 20_000))

    writing = threading.Thread(target=write)
    writing.start()
    while writing.is_alive():
        seen = [message.split()[0] for message in messages(run)]
        assert seen == [str(number) for number in range(len(seen))]
    writing.join()
    assert len(messages(run)) == count


def test_progress_can_be_left_out(tmp_path: Path) -> None:
    run = create(tmp_path, "mine")
    with run.writer() as writer:
        writer.append(note("one"))
    with run.log_file.open("a") as log:
        log.write('{"event":"Progress",' + "\n")
    assert [type(event) for event in run.events(progress=False)] == [Notice]


def test_a_run_without_a_log_has_no_events(tmp_path: Path) -> None:
    assert list(create(tmp_path, "mine").events()) == []


# The lock


@pytest.mark.usefixtures("impatient")
def test_a_run_has_one_writer(tmp_path: Path) -> None:
    run = create(tmp_path, "mine")
    with held_elsewhere(run):
        assert run.is_locked()
        with pytest.raises(RunError, match="run mine is in use by another process") as raised:
            run.writer()
        assert raised.value.exit_code == 4
    assert not run.is_locked()
    run.writer().__exit__(None, None, None)


@pytest.mark.usefixtures("impatient")
def test_a_second_writer_in_the_same_process_is_refused_too(tmp_path: Path) -> None:
    run = create(tmp_path, "mine")
    with run.writer(), pytest.raises(RunError, match="in use"):
        Run(run.folder).writer()


@pytest.mark.usefixtures("impatient")
def test_a_run_being_written_cannot_be_deleted(tmp_path: Path) -> None:
    run = create(tmp_path, "mine")
    with held_elsewhere(run), pytest.raises(RunError, match="in use"):
        run.delete()
    assert run.config_file.exists()


def test_looking_at_the_lock_leaves_no_trace(tmp_path: Path) -> None:
    run = create(tmp_path, "mine")
    assert not run.is_locked()
    assert list(run.folder.iterdir()) == [run.config_file]


def test_an_open_log_is_training_while_it_is_written_and_interrupted_afterwards(tmp_path: Path) -> None:
    run = create(tmp_path, "mine")
    with run.writer() as writer:
        writer.append(EpochStarted(epoch=1, epochs=3, steps=9))
        assert run.history().status is RunStatus.TRAINING
    assert run.history().status is RunStatus.INTERRUPTED


def test_a_run_that_ends_while_it_is_read_is_not_called_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = create(tmp_path, "mine")
    writer = run.writer()
    writer.append(EpochStarted(epoch=1, epochs=3, steps=9))
    is_locked = Run.is_locked

    def ends_just_now(self: Run) -> bool:
        writer.append(RunStopped(epoch=1, step=1, reason="enough"))
        writer.__exit__(None, None, None)
        return is_locked(self)

    monkeypatch.setattr(Run, "is_locked", ends_just_now)
    assert run.history().status is RunStatus.STOPPED


def test_the_log_of_an_interrupted_run_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = create(tmp_path, "mine")
    with run.writer() as writer:
        writer.append(EpochStarted(epoch=1, epochs=3, steps=9))
    read, events = [], Run.events

    def counted(self: Run, **options: Any) -> Iterator[Event]:
        read.append(self.name)
        return events(self, **options)

    monkeypatch.setattr(Run, "events", counted)
    assert run.history().status is RunStatus.INTERRUPTED
    assert read == ["mine"]


# Deleting


def test_a_deleted_run_is_gone(tmp_path: Path) -> None:
    run = create(tmp_path, "mine")
    run.delete()
    assert list(tmp_path.iterdir()) == []


def test_deleting_sweeps_what_a_killed_deletion_left(tmp_path: Path) -> None:
    (tmp_path / ".deleted-1-other").mkdir()
    (tmp_path / ".deleted-1-other" / "last.ckpt").touch()
    kept = create(tmp_path, "kept")
    create(tmp_path, "mine").delete()
    assert list(tmp_path.iterdir()) == [kept.folder]


def test_a_damaged_run_can_be_deleted(tmp_path: Path) -> None:
    run = create(tmp_path, "mine")
    run.log_file.touch()
    run.config_file.write_text("garbage")
    run.delete()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_only_has_some_config_json_is_not_deleted(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "config.json").write_text('{"architectures": ["Net"]}')
    (project / "model.bin").touch()
    with pytest.raises(RunError, match=r"not part of a run: model\.bin"):
        runs.find(tmp_path, str(project)).delete()
    assert sorted(entry.name for entry in project.iterdir()) == ["config.json", "model.bin"]


def test_a_link_to_a_run_is_not_deleted_by_half(tmp_path: Path) -> None:
    real = create(tmp_path / "elsewhere", "mine")
    link = tmp_path / "runs" / "linked"
    link.parent.mkdir()
    link.symlink_to(real.folder)
    with pytest.raises(RunError, match=f"{link} is a link to {real.folder}"):
        Run(link).delete()
    assert runs.list_runs(link.parent) == [Run(link)]
    assert real.record().to_dict() == RECORD


def test_what_cannot_be_deleted_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = create(tmp_path, "mine")

    def refuse(self: Path, _target: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(RunError, match="mine cannot be deleted: Permission denied"):
        run.delete()
    assert not run.is_locked()


# Summaries

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
