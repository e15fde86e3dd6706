"""One writer per run, real second processes; and what a deletion takes and leaves."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mnist_tui import runs
from mnist_tui.errors import RunError
from mnist_tui.events import EpochStarted, Event, RunStopped
from mnist_tui.runs import Run
from mnist_tui.runs.history import RunStatus
from tests.runs.samples import RECORD, create, hold_elsewhere


@pytest.mark.usefixtures("impatient")
def test_a_run_has_one_writer(tmp_path: Path) -> None:
    run = create(tmp_path, "mine")
    with hold_elsewhere(run):
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
    with hold_elsewhere(run), pytest.raises(RunError, match="in use"):
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
