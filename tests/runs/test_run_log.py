"""The log of a run on disk: appended, torn, damaged, read while it is written."""

from __future__ import annotations

import resource
import threading
from pathlib import Path

import pytest

from mnist_tui.events import Notice
from mnist_tui.system import atomic_file
from tests.runs.samples import create, make_notice, read_messages


def test_what_is_appended_is_read(tmp_path: Path) -> None:
    run = create(tmp_path, "mine")
    with run.writer() as writer:
        writer.append(make_notice("one"))
        assert read_messages(run) == ["one"]
        writer.append(make_notice("größer"), durable=True)
    with run.writer() as writer:
        writer.append(make_notice("three"))
    assert read_messages(run) == ["one", "größer", "three"]


@pytest.mark.parametrize(
    "torn", ['{"event":"Not', '{"ev', '{"event":"Notice' + "x" * 200_000, "\0" * 5000, '{"event":"größ\0\0']
)
def test_a_torn_last_line_is_passed_over_and_cut_when_the_log_is_reopened(tmp_path: Path, torn: str) -> None:
    run = create(tmp_path, "mine")
    with run.writer() as writer:
        writer.append(make_notice("one"))
    whole = run.log_file.read_bytes()
    run.log_file.write_bytes(whole + torn.encode("latin-1"))
    assert read_messages(run) == ["one"]
    with run.writer() as writer:
        assert run.log_file.read_bytes() == whole
        writer.append(make_notice("two"))
    assert read_messages(run) == ["one", "two"]


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
        writer.append(make_notice("two"))
    assert run.log_file.read_text().startswith(f'{text}\n{{"event":"Notice"')
    assert read_messages(run) == ["two"]


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
        writer.append(make_notice("one"))
    with run.log_file.open("ab") as log:
        log.write(b"\xff\xfe\x00garbage\n" + b"[" * 100_000 + b"\n")
    with run.writer() as writer:
        writer.append(make_notice("two"))
    assert read_messages(run) == ["one", "two"]


def test_a_line_without_room_is_taken_back_so_that_the_next_one_is_whole(tmp_path: Path) -> None:
    run = create(tmp_path, "mine")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with run.writer() as writer:
        writer.append(make_notice("one"))
        resource.setrlimit(resource.RLIMIT_FSIZE, (run.log_file.stat().st_size + 5, limits[1]))
        try:
            with pytest.raises(OSError, match="File too large"):
                writer.append(make_notice("no room"))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        writer.append(make_notice("two"))
    assert read_messages(run) == ["one", "two"]


def test_a_log_that_was_removed_takes_no_last_word(tmp_path: Path) -> None:
    run = create(tmp_path, "mine")
    with run.writer() as writer:
        writer.append(make_notice("one"), durable=True)
        run.log_file.unlink()
        with pytest.raises(FileNotFoundError, match=r"events\.jsonl"):
            writer.append(make_notice("two"), durable=True)


def test_a_reader_sees_only_whole_events_while_another_thread_writes(tmp_path: Path) -> None:
    run = create(tmp_path, "mine")
    count = 300

    def write() -> None:
        with run.writer() as writer:
            for number in range(count):
                writer.append(make_notice(f"{number} " + "x" * 20_000))

    writing = threading.Thread(target=write)
    writing.start()
    while writing.is_alive():
        seen = [message.split()[0] for message in read_messages(run)]
        assert seen == [str(number) for number in range(len(seen))]
    writing.join()
    assert len(read_messages(run)) == count


def test_progress_can_be_left_out(tmp_path: Path) -> None:
    run = create(tmp_path, "mine")
    with run.writer() as writer:
        writer.append(make_notice("one"))
    with run.log_file.open("a") as log:
        log.write('{"event":"Progress",' + "\n")
    assert [type(event) for event in run.events(progress=False)] == [Notice]


def test_a_run_without_a_log_has_no_events(tmp_path: Path) -> None:
    assert list(create(tmp_path, "mine").events()) == []
