"""An untrusted runs folder: odd files in a run, the user's hidden folders beside and inside runs."""

from __future__ import annotations

import os
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from mnist_tui import runs
from mnist_tui.errors import RunError
from mnist_tui.events import Notice
from mnist_tui.runs import Run, RunRecord, cleanup, folder_layout
from mnist_tui.runs import log_reader as logs
from mnist_tui.runs.index import RunIndex
from mnist_tui.runs.log_tail import LogTail
from mnist_tui.runs.summary import summarize
from tests import odd_files, sample_runs

DIARY = "aaa\nbbb-no-newline"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return sample_runs.write_finished(tmp_path, "odd", 0.9, 0.95)


# Links: files elsewhere are not touched


@pytest.fixture
def diary(tmp_path: Path) -> Path:
    path = tmp_path / "diary"
    path.write_text(DIARY)
    return path


def linked(file: Path, diary: Path) -> None:
    file.unlink(missing_ok=True)
    file.symlink_to(diary)


def test_a_rename_leaves_what_the_log_is_a_link_to_alone(run: Run, diary: Path) -> None:
    linked(run.log_file, diary)
    renamed = run.rename("renamed")
    assert diary.read_text() == DIARY
    assert renamed.log_file.is_symlink()


def test_a_deletion_takes_the_link_and_not_the_file(run: Run, diary: Path, tmp_path: Path) -> None:
    for file in (run.log_file, run.config_file, run.checkpoint_file):
        linked(file, diary)
    run.delete()
    assert diary.read_text() == DIARY
    assert list(tmp_path.iterdir()) == [diary]


def test_a_writer_refuses_a_log_that_is_a_link(run: Run, diary: Path) -> None:
    linked(run.log_file, diary)
    with pytest.raises(RunError, match=r"events\.jsonl cannot be written: it is a link") as raised:
        run.writer()
    assert raised.value.exit_code == 4
    assert diary.read_text() == DIARY
    assert not run.is_locked()


def test_a_lock_that_is_a_link_is_not_followed(run: Run, diary: Path) -> None:
    linked(run.folder / folder_layout.LOCK, diary)
    assert not run.is_locked()
    with pytest.raises(RunError, match=r"\.lock cannot be written: it is a link"):
        run.writer()
    assert diary.read_text() == DIARY


def test_a_hard_link_is_not_cut(run: Run, diary: Path) -> None:
    run.log_file.unlink()
    os.link(diary, run.log_file)
    run.rename("renamed")
    assert diary.read_text() == DIARY
    with Run(run.folder.with_name("renamed")).writer():
        assert diary.read_text() == DIARY + "\n"


def test_a_name_that_is_a_dangling_link_is_taken(run: Run, tmp_path: Path) -> None:
    (tmp_path / "new").symlink_to("nowhere")
    with pytest.raises(RunError, match="there is a run 'new' already"):
        run.rename("new")


# Odd files: reported in the list, and nothing else stops working


@pytest.mark.parametrize("kind", odd_files.ODD)
@pytest.mark.parametrize("name", [folder_layout.CONFIG, folder_layout.LOG])
def test_a_run_with_an_odd_file_is_listed_with_its_reason(tmp_path: Path, run: Run, kind: str, name: str) -> None:
    sample_runs.write_finished(tmp_path, "sound", 0.9)
    odd_files.put(kind, run.folder / name)
    tracemalloc.start()
    started_at = time.thread_time()
    try:
        summaries = {found.name: summarize(found) for found in runs.list_runs(tmp_path)}
        indexed = {found.summary.name: found.summary for found in RunIndex(tmp_path).scan()}
        with pytest.raises(RunError):
            list(run.record() and run.events())
        assert tracemalloc.get_traced_memory()[1] < 40 * 2**20
        assert time.thread_time() - started_at < 10
    finally:
        tracemalloc.stop()
    assert summaries == indexed
    assert summaries["sound"].status == "finished"
    assert summaries["odd"].status == "unreadable"
    assert str(run.folder / name) in summaries["odd"].reason
    run.delete()


@pytest.mark.parametrize("kind", [kind for kind in odd_files.ODD if kind != "hole"])
def test_a_log_that_is_followed_may_become_odd(run: Run, kind: str) -> None:
    tail = LogTail(run)
    assert tail.read_new()
    odd_files.put(kind, run.log_file)
    with pytest.raises(RunError, match="cannot be read: it is"):
        tail.read_new()


def test_a_run_folder_may_be_a_link(tmp_path: Path, run: Run) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    run.folder.rename(elsewhere / "real")
    run.folder.symlink_to(elsewhere / "real")
    assert summarize(run).status == "finished"
    with run.writer() as writer:
        writer.append(Notice(message="more"))


# Logs that are no logs


def test_a_line_that_is_too_long_is_passed_over(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "LONGEST_LINE", 5000)
    before = list(run.events())
    for size in (4998, 4999, 5000, 5001, 2 * 2**20):
        with run.log_file.open("ab") as log:
            log.write(b"x" * size + b"\n")
        with run.writer() as writer:
            writer.append(Notice(message=f"after {size}"))
    found = list(run.events())
    assert found[: len(before)] == before
    assert [event.message for event in found[len(before) :] if isinstance(event, Notice)] == [
        f"after {size}" for size in (4998, 4999, 5000, 5001, 2 * 2**20)
    ]
    assert LogTail(run).read_new() == found


def test_a_torn_line_that_is_too_long_is_ended(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "LONGEST_LINE", 5000)
    with run.log_file.open("ab") as log:
        log.write(b'{"event":"' + b"x" * 9000)
    before = run.log_file.read_bytes()
    with run.writer():
        assert run.log_file.read_bytes() == before + b"\n"


@pytest.mark.parametrize("line", [b"y\n", b"\0" * 999 + b"\n", b'{"event":"Unknown"}\n'])
def test_a_file_of_lines_that_are_no_events_is_given_up(run: Run, monkeypatch: pytest.MonkeyPatch, line: bytes) -> None:
    monkeypatch.setattr(logs, "_BUDGET", 100_000)
    with run.log_file.open("ab") as log:
        log.write(line * 10)
    assert summarize(run).status == "finished"
    with run.log_file.open("ab") as log:
        log.write(line * 4000)
    assert "most of it is not the log of a run" in summarize(run).reason


def test_a_log_larger_than_any_is_not_read(run: Run) -> None:
    with run.log_file.open("ab") as log:
        log.truncate(logs.LARGEST + 1)
    assert "it is larger than 17,179,869,184 bytes" in summarize(run).reason


def test_a_record_that_may_not_be_read_is_not_called_damaged(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_args: object) -> int:
        raise PermissionError(13, "Permission denied", str(run.config_file))

    monkeypatch.setattr(os, "open", denied)
    with pytest.raises(RunError, match=r"config\.json cannot be read: Permission denied") as raised:
        run.record()
    assert raised.value.remedy == "Check its permissions and the disk."


# The user's own hidden folders


def aged(folder: Path) -> Path:
    os.utime(folder, (time.time() - 7200,) * 2)
    return folder


def test_hidden_folders_of_the_user_beside_the_runs_stay(tmp_path: Path) -> None:
    hexes = "0123456789abcdef" * 2
    names = [
        ".deleted-photos",
        ".new-thesis",
        ".deleted-12",
        f".new-{hexes[:-1]}",
        f".new-{hexes}f",
        ".deleted-x-y",
    ]
    for name in names:
        (tmp_path / name).mkdir()
        aged(tmp_path / name)
    with_more = [tmp_path / ".deleted-12-holiday", tmp_path / f".new-{hexes}"]
    for folder in with_more:
        folder.mkdir()
        (folder / "config.json").touch()
        (folder / "photo.jpg").touch()
        aged(folder)
    (tmp_path / ".deleted-13-link").symlink_to(with_more[0])
    kept = sorted(path.name for path in tmp_path.rglob("*"))
    sample_runs.write(tmp_path, "mine").delete()
    assert sorted(path.name for path in tmp_path.rglob("*")) == kept


def fill(folder: Path) -> None:
    """All that a run may hold."""
    (folder / "source" / "parts").mkdir(parents=True)
    for name in (
        *folder_layout.FILES,
        ".lock",
        ".last.ckpt.a_b1c2d3.tmp",
        "source/net.py",
        "source/parts/block.py",
        "source/.net.py.a_b1c2d3.tmp",
    ):
        (folder / name).touch()


def test_what_a_run_may_hold_is_swept_and_deleted_whole(tmp_path: Path) -> None:
    young = cleanup.hidden_folder_for_new_run(tmp_path)
    for folder in (
        tmp_path / ".deleted-12-run",
        cleanup.hidden_folder_for_new_run(tmp_path),
        young,
        tmp_path / "run",
    ):
        folder.mkdir()
        fill(folder)
        aged(folder)
    os.utime(young)
    Run(tmp_path / "run").delete()
    assert list(tmp_path.iterdir()) == [young]


Make = Callable[[Path], object]
OF_A_PERSON: dict[str, Make] = {
    ".git": lambda path: path.mkdir(),
    ".env": lambda path: path.touch(),
    ".notes": lambda path: path.mkdir(),
    "notes.txt": lambda path: path.touch(),
    ".notes.tmp": lambda path: path.touch(),
    ".diary.a_b1c2d3.tmp": lambda path: path.touch(),
    ".last.ckpt.a_b1c2d3.tmp": lambda path: path.mkdir(),
    ".last.ckpt.toolong12.tmp": lambda path: path.touch(),
    "events.jsonl": lambda path: path.mkdir(),
    "source": lambda path: path.touch(),
    "source/.git": lambda path: path.mkdir(parents=True),
    "source/link.py": lambda path: (path.parent.mkdir(), path.symlink_to("/etc/passwd")),
    "source/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a": lambda path: path.mkdir(parents=True),
    "source/parts/.env": lambda path: (path.parent.mkdir(parents=True), path.touch()),
}


@pytest.mark.parametrize("name", OF_A_PERSON)
def test_a_run_with_user_files_in_it_is_not_deleted(tmp_path: Path, name: str) -> None:
    run = runs.create(tmp_path, RunRecord.from_dict(sample_runs.record()), name="mine")
    OF_A_PERSON[name](run.folder / name)
    before = sorted(run.folder.rglob("*"))
    with pytest.raises(RunError, match="contains files that are not part of a run") as raised:
        run.delete()
    assert name in str(raised.value)
    assert sorted(run.folder.rglob("*")) == before


def test_a_writer_sweeps_only_what_it_left_itself(run: Run) -> None:
    ours, others = ".events.jsonl.a_b1c2d3.tmp", (".notes.tmp", ".diary.a_b1c2d3.tmp", ".last.ckpt.tmp")
    for name in (ours, *others):
        (run.folder / name).touch()
    with run.writer():
        names = {path.name for path in run.folder.iterdir()}
    assert names >= set(others)
    assert ours not in names
