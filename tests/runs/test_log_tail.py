"""Following a log while it is written."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from mnist_tui import events
from mnist_tui.errors import RunError
from mnist_tui.events import EpochFinished, Notice, RunFinished, RunStarted
from mnist_tui.runs import Run, log_reader
from mnist_tui.runs.history import fold
from mnist_tui.runs.log_reader import LogReader
from mnist_tui.runs.log_tail import LogTail
from tests import sample_runs


def append_raw(run: Run, text: str) -> None:
    with run.log_file.open("a", encoding="utf-8") as log:
        log.write(text)


def test_it_tells_each_event_once(tmp_path: Path) -> None:
    run = sample_runs.write(tmp_path, "one", sample_runs.epoch(1))
    tail = LogTail(run)
    assert [type(event) for event in tail.read_new()] == [RunStarted, EpochFinished]
    assert tail.read_new() == []
    with run.writer() as writer:
        writer.append(sample_runs.epoch(2))
        assert [event.epoch for event in tail.read_new() if isinstance(event, EpochFinished)] == [2]


def test_a_run_without_a_log_yet_has_told_nothing(tmp_path: Path) -> None:
    run = Run(tmp_path / "young")
    run.folder.mkdir()
    assert LogTail(run).read_new() == []


def test_half_a_line_is_told_once_it_is_whole(tmp_path: Path) -> None:
    run = sample_runs.write(tmp_path, "torn")
    tail = LogTail(run)
    tail.read_new()
    line = events.to_json(sample_runs.epoch(1))
    append_raw(run, line[:40])
    assert tail.read_new() == []
    append_raw(run, line[40:] + "\n")
    assert [type(event) for event in tail.read_new()] == [EpochFinished]


class FinishedWhileRead(io.FileIO):
    """A log whose writer goes on with `rest` as soon as a reader has met the end of the file."""

    rest = b""

    def readline(self, size: int | None = -1, /) -> bytes:
        line = super().readline(size)
        if not line.endswith(b"\n") and self.rest:
            with Path(str(self.name)).open("ab") as log:
                log.write(self.rest)
            self.rest = b""
        return line


@pytest.mark.parametrize("torn", [True, False])
@pytest.mark.parametrize("longest", [150, 10_000])
def test_a_line_that_is_finished_while_it_is_read_is_whole_for_the_next_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, torn: bool, longest: int
) -> None:
    monkeypatch.setattr(log_reader, "LONGEST_LINE", longest)
    lines = [events.to_json(Notice(message=f"{number} {'x' * length}")) for number, length in enumerate((9, 200, 9))]
    log = tmp_path / "events.jsonl"
    log.write_text(f"{lines[0]}\n{lines[1][:180]}")
    with FinishedWhileRead(log) as file:
        file.rest = f"{lines[1][180:]}\n{lines[2]}\n".encode()
        reader = LogReader(cast(BinaryIO, file), torn=torn)
        found = list(reader)
        file.seek(reader.end)
        found += LogReader(cast(BinaryIO, file), torn=torn)
    expected = [line for line in lines if len(line) < longest]
    assert [events.to_json(event) for event in found] == expected


def test_a_torn_line_that_a_new_writer_cuts_off_is_no_new_start(tmp_path: Path) -> None:
    run = sample_runs.write(tmp_path, "killed", sample_runs.epoch(1))
    tail = LogTail(run)
    append_raw(run, '{"event":"Epo')
    tail.read_new()
    with run.writer() as writer:
        writer.append(sample_runs.epoch(2))
    assert [event.epoch for event in tail.read_new() if isinstance(event, EpochFinished)] == [2]
    assert tail.restarts == 0


def test_a_damaged_line_is_passed_over(tmp_path: Path) -> None:
    run = sample_runs.write(tmp_path, "damaged")
    append_raw(run, "no JSON\n\xff\n")
    append_raw(run, events.to_json(sample_runs.epoch(1)) + "\n")
    assert len(LogTail(run).read_new()) == 2


def test_a_shortened_log_is_read_from_the_start(tmp_path: Path) -> None:
    run = sample_runs.write(tmp_path, "again", sample_runs.epoch(1), sample_runs.epoch(2))
    tail = LogTail(run)
    tail.read_new()
    run.log_file.write_text(events.to_json(sample_runs.epoch(1)) + "\n")
    assert len(tail.read_new()) == 1
    assert tail.restarts == 1


def test_another_file_under_the_name_is_another_story(tmp_path: Path) -> None:
    run = sample_runs.write(tmp_path, "new", sample_runs.epoch(1))
    other = sample_runs.write(tmp_path, "other", sample_runs.epoch(1), sample_runs.epoch(2), sample_runs.run_finished())
    tail = LogTail(run)
    tail.read_new()
    other.log_file.replace(run.log_file)
    assert isinstance(tail.read_new()[-1], RunFinished)
    assert tail.restarts == 1


def test_a_renamed_run_is_followed_under_its_new_name(tmp_path: Path) -> None:
    run = sample_runs.write(tmp_path, "before")
    tail = LogTail(run)
    tail.read_new()
    renamed = run.rename("after")
    assert tail.read_new() == []
    assert tail.run == renamed
    with renamed.writer() as writer:
        writer.append(sample_runs.epoch(1))
    assert len(tail.read_new()) == 1
    assert tail.restarts == 0


def test_a_deleted_run_is_said_to_be_gone(tmp_path: Path) -> None:
    run = sample_runs.write(tmp_path, "short-lived")
    tail = LogTail(run)
    tail.read_new()
    shutil.rmtree(run.folder)
    with pytest.raises(RunError, match="short-lived is gone"):
        tail.read_new()


def test_without_progress_the_rest_is_the_same(tmp_path: Path) -> None:
    run = sample_runs.write_finished(tmp_path, "whole", 0.8, 0.9, 0.95)
    read = LogTail(run, progress=False).read_new()
    assert fold(read).rows == run.history().rows
    assert not fold(read).batch_losses


def test_nothing_is_lost_or_told_twice_while_a_thread_writes(tmp_path: Path) -> None:
    run = sample_runs.write(tmp_path, "busy")

    def write() -> None:
        with run.writer() as writer:
            for number in range(1, 301):
                writer.append(sample_runs.epoch(number, epochs=300))
            writer.append(sample_runs.run_finished())

    thread = threading.Thread(target=write)
    thread.start()
    tail, read = LogTail(run), []
    while not read or not isinstance(read[-1], RunFinished):
        read += tail.read_new()
    thread.join()
    assert [event.epoch for event in read if isinstance(event, EpochFinished)] == list(range(1, 301))


def test_it_follows_another_process(tmp_path: Path) -> None:
    run = sample_runs.write(tmp_path, "elsewhere")
    script = (
        "import sys; sys.path[:0] = sys.argv[2:]; from pathlib import Path; import sample_runs;"
        "from mnist_tui.runs import Run\n"
        "with Run(Path(sys.argv[1])).writer() as writer:\n"
        "    for number in range(1, 51): writer.append(sample_runs.epoch(number, epochs=50))\n"
        "    writer.append(sample_runs.run_finished())\n"
    )
    here = Path(__file__).parent
    process = subprocess.Popen([sys.executable, "-c", script, str(run.folder), str(here), str(here.parent)])
    tail, read = LogTail(run), []
    while process.poll() is None:
        read += tail.read_new()
    read += tail.read_new()
    assert process.returncode == 0
    assert len(fold(read).rows) == 50
    assert tail.run.is_locked() is False
