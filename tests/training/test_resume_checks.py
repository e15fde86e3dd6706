"""A resume gives exactly the same weights, or says which file differs from the one that the run started with."""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from mnist_tui import recipes, runs
from mnist_tui.config import SETTINGS, TrainConfig
from mnist_tui.errors import RunError
from mnist_tui.events import CheckpointSaved, EpochFinished, Notice, Progress, RunFinished
from mnist_tui.runs import Run, integrity
from mnist_tui.training import checkpoint, recorder
from mnist_tui.training.jobs import Folders, NewRun
from tests import odd_files
from tests.engine_fixtures import Lab, at_step, differences, tiny_config, training_state
from tests.training.test_resume import assert_refused, change_record


def with_checkpoint_of_an_earlier_version(run: Run) -> None:
    state = checkpoint.load_state(run.checkpoint_file)
    del state[integrity.ORIGIN_KEY]
    checkpoint.save_state(run.checkpoint_file, state)


# The config

CHANGED = {
    "lr": 0.03,
    "seed": 7,
    "rotation": 30.0,
    "label_smoothing": 0.2,
    "mean": 0.1,
    "epochs": 3,
    "dataset": "my-digits",
    "ema": 0.5,
    "optimizer": "sgd",
    "focus": 0.3,
    "schedule": "constant",
}


@pytest.mark.parametrize("name", CHANGED)
def test_a_setting_that_was_changed_is_named(lab: Lab, stopped: Run, name: str) -> None:
    before = stopped.record().config[name]
    change_record(stopped, "config", **{name: CHANGED[name]})
    error = assert_refused(lab, stopped, r"config\.json and last\.ckpt do not match")
    assert f": {name} is {CHANGED[name]} in one and {before} in the other" in str(error)
    change_record(stopped, "config", **{name: before})
    assert isinstance(lab.resume(stopped).event, RunFinished)


def test_a_checkpoint_of_an_earlier_version_is_compared_with_the_log(lab: Lab, stopped: Run) -> None:
    with_checkpoint_of_an_earlier_version(stopped)
    change_record(stopped, "config", lr=0.03)
    assert_refused(lab, stopped, r"config\.json and events\.jsonl do not match: lr is 0\.03 in one")


def test_a_run_without_a_checkpoint_is_compared_with_the_log(lab: Lab, stopped: Run) -> None:
    stopped.checkpoint_file.unlink()
    change_record(stopped, "config", lr=0.03)
    assert_refused(lab, stopped, r"config\.json and events\.jsonl do not match: lr is 0\.03 in one")
    change_record(stopped, "config", lr=0.01)
    assert isinstance(lab.resume(stopped).event, RunFinished)


def test_a_checkpoint_of_an_earlier_version_goes_on_and_is_of_this_one_then(lab: Lab, stopped: Run) -> None:
    with_checkpoint_of_an_earlier_version(stopped)
    stopped.log_file.write_text("")  # nor does anything else say what it was begun with
    assert isinstance(lab.resume(stopped).event, RunFinished)
    undisturbed = lab.start(name="undisturbed").run
    assert differences(training_state(stopped), training_state(undisturbed)) == []


def test_what_a_resume_may_be_given_anew_is_no_damage(lab: Lab, stopped: Run) -> None:
    assert isinstance(lab.resume(stopped, threads=2, backend="eager", more_epochs=1).event, RunFinished)
    assert isinstance(lab.resume(stopped, threads=1, more_epochs=1).event, RunFinished)
    assert stopped.record().config["extra_epochs"] == 2


def test_a_setting_of_a_later_version_is_no_damage(lab: Lab, stopped: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its checkpoint has no value for a setting that is newer."""
    state = checkpoint.load_state(stopped.checkpoint_file)
    del state[integrity.ORIGIN_KEY]["config"]["focus"]
    checkpoint.save_state(stopped.checkpoint_file, state)
    assert isinstance(lab.resume(stopped).event, RunFinished)


@pytest.mark.parametrize(
    "part", [3, [], {"config": 3}, {"config": {"lr": []}}, {"config": {"lr": None}, "teacher_sha256": 5}]
)
def test_a_strange_part_is_refused_or_passed_over_in_words(lab: Lab, stopped: Run, part: Any) -> None:
    state = checkpoint.load_state(stopped.checkpoint_file)
    checkpoint.save_state(stopped.checkpoint_file, state | {integrity.ORIGIN_KEY: part})
    if isinstance(part, dict) and isinstance(part["config"], dict):
        assert_refused(lab, stopped, "do not match")
    else:
        assert isinstance(lab.resume(stopped).event, RunFinished)


def test_every_setting_either_decides_the_weights_or_can_be_given_anew() -> None:
    assert {*integrity.decisive_settings(TrainConfig()), *integrity.CHANGEABLE} == set(SETTINGS)


# The teacher


@pytest.fixture
def student(lab: Lab) -> Run:
    lab.start(name="professor")
    run = lab.start(tiny_config(teacher="professor"), name="student", watch=lab.stop_at(at_step(10))).run
    lab.events.clear()
    return run


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-5] ^= 1
    file.write_bytes(content)


def test_a_flipped_bit_in_the_teachers_weights_is_noticed(lab: Lab, student: Run) -> None:
    flip(student.teacher_file)
    assert_refused(lab, student, r"teacher\.safetensors is damaged")
    flip(student.teacher_file)
    assert isinstance(lab.resume(student).event, RunFinished)


def test_so_it_is_before_the_first_checkpoint(lab: Lab, student: Run) -> None:
    student.checkpoint_file.unlink()
    flip(student.teacher_file)
    assert_refused(lab, student, r"teacher\.safetensors is damaged")


def test_a_run_of_an_earlier_version_goes_on_with_the_teacher_it_has(lab: Lab, student: Run) -> None:
    with_checkpoint_of_an_earlier_version(student)
    record = student.record().to_dict()
    del record["teacher"]
    student.config_file.write_text(json.dumps(record))
    assert isinstance(lab.resume(student).event, RunFinished)
    kept = checkpoint.load_state(student.checkpoint_file)[integrity.ORIGIN_KEY]
    assert kept["teacher_sha256"] == integrity.sha256_of(student.teacher_file)


def test_a_teacher_that_is_missing_or_odd_is_named(lab: Lab, student: Run) -> None:
    odd_files.put("pipe", student.teacher_file)
    with pytest.raises(RunError, match=r"teacher\.safetensors cannot be read: it is a named pipe"):
        lab.resume(student)
    student.teacher_file.unlink()
    with student.teacher_file.open("wb") as file:
        file.truncate(2**33)
    with pytest.raises(RunError, match=r"teacher\.safetensors cannot be read: it is larger than"):
        lab.resume(student)
    student.teacher_file.unlink()
    with pytest.raises(RunError, match=r"teacher\.safetensors cannot be read: No such file"):
        lab.resume(student)


@pytest.mark.parametrize("kind", [kind for kind in odd_files.ODD if kind != "hole"])
def test_an_odd_checkpoint_is_named_and_not_waited_for(lab: Lab, stopped: Run, kind: str) -> None:
    odd_files.put(kind, stopped.checkpoint_file)
    with pytest.raises(RunError, match=r"last\.ckpt cannot be read: .* not a regular file"):
        lab.resume(stopped)


# A shortened log


def without(run: Run, lost: Callable[[Any], bool]) -> None:
    lines = run.log_file.read_text().splitlines(keepends=True)
    kept = [line for line, event in zip(lines, run.events(), strict=True) if not lost(event)]
    run.log_file.write_text("".join(kept))


def read_notices(lab: Lab) -> list[str]:
    return [event.message for event in lab.events if isinstance(event, Notice)]


def test_a_whole_log_is_no_notice(lab: Lab, stopped: Run) -> None:
    lab.resume(stopped)
    assert read_notices(lab) == []


def test_epochs_that_the_log_has_lost_are_reported(lab: Lab, stopped: Run) -> None:
    without(stopped, lambda event: isinstance(event, EpochFinished))
    lab.resume(stopped)
    message = "the log lacks epoch 1 from before the checkpoint; the weights are not affected"
    assert read_notices(lab) == [message]
    assert list(stopped.history().epochs) == [2]
    assert [notice.message for notice in stopped.history().notices] == [message]
    lab.events.clear()
    lab.resume(stopped, more_epochs=1)
    assert read_notices(lab) == []  # once is enough


@pytest.mark.parametrize("way", ["emptied", "deleted"])
def test_a_log_that_is_gone_is_reported(lab: Lab, way: str) -> None:
    run = lab.start(tiny_config(epochs=3), name="mine").run
    lab.events.clear()
    if way == "emptied":
        run.log_file.write_bytes(b"")
    else:
        run.log_file.unlink()
    lab.resume(run)
    assert read_notices(lab) == [
        "the log lacks 3 epochs, 1 to 3, from before the checkpoint; the weights are not affected"
    ]


def test_batch_losses_that_the_log_has_lost_are_reported(lab: Lab) -> None:
    run = lab.start(name="mine", watch=lab.stop_at(at_step(3))).run
    lab.events.clear()
    without(run, lambda event: isinstance(event, (Progress, CheckpointSaved)))
    lab.resume(run)
    assert read_notices(lab) == ["the log lacks batch losses from before the checkpoint; the weights are not affected"]


def test_a_kill_between_a_checkpoint_and_its_line_loses_nothing(lab: Lab) -> None:
    run = lab.start(name="mine", watch=lab.stop_at(at_step(3))).run
    lab.events.clear()
    without(run, lambda event: isinstance(event, CheckpointSaved))
    lab.resume(run)
    assert read_notices(lab) == []


# The same weights are the same file


def test_the_same_weights_are_the_same_bytes(tmp_path: Path) -> None:
    """The library puts metadata in an order of the moment, so that a few tries show it."""
    weights = {"b": torch.arange(3.0), "a": torch.ones(2, 5), "c": torch.arange(3)}
    metadata = {name: {"größer": name} for name in ("run", "config", "metrics", "x", "y", "z")}
    made = {checkpoint.weights_bytes(weights, metadata) for _ in range(20)}
    assert len(made) == 1
    content = made.pop()
    assert int.from_bytes(content[:8], "little") % 8 == 0
    (tmp_path / "file").write_bytes(content)
    back, read = checkpoint.load_weights(tmp_path / "file")
    assert differences(back, weights) == []
    assert read == metadata


def test_runs_of_other_names_and_ways_have_the_same_best_weights(lab: Lab) -> None:
    one = lab.start(name="one").run
    stopped = lab.start(name="other", watch=lab.stop_at(at_step(3))).run
    other = lab.resume(stopped, threads=1).run
    more = lab.start(tiny_config(threads=2), name="threads").run
    assert one.weights_file.read_bytes() == other.weights_file.read_bytes()
    configs = [checkpoint.load_weights(run.weights_file)[1]["config"] for run in (one, more)]
    assert configs[0] == configs[1]


# Where there are no locks


@pytest.fixture(params=[errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EIO], ids=errno.errorcode.get)
def _no_locks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_descriptor: int, _kind: int) -> None:
        raise OSError(request.param, os.strerror(request.param))

    monkeypatch.setattr(fcntl, "flock", broken)


@pytest.mark.usefixtures("_no_locks")
def test_without_locks_no_run_is_begun_and_no_name_taken(lab: Lab) -> None:
    with pytest.raises(RunError, match=f"no run can be written in {lab.runs_dir}: ") as raised:
        lab.start(name="mine")
    assert raised.value.remedy == "Choose another --runs-dir."
    assert list(lab.runs_dir.iterdir()) == []


@pytest.mark.usefixtures("_no_locks")
def test_without_locks_no_teacher_is_trained(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(recipes.RECIPES, "master", tiny_config())  # type: ignore[arg-type]
    with pytest.raises(RunError, match=f"no run can be written in {lab.runs_dir}: "):
        NewRun(tiny_config(teacher="master"), Folders(lab.runs_dir, lab.runs_dir))(lab.control, lab.events.append)


def test_a_run_that_was_copied_to_where_there_are_no_locks_is_not_in_use(
    lab: Lab, stopped: Run, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fcntl, "flock", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSYS, "none")))
    assert not stopped.is_locked()
    with pytest.raises(RunError, match=r"\.lock cannot be written: its file system does not support locks"):
        lab.resume(stopped)
    monkeypatch.undo()


# What to type


@pytest.mark.parametrize(
    ("folder", "data", "shown"),
    [
        ("usual", "usual-data", "mnist-tui train --resume mine"),
        ("other place", "usual-data", "mnist-tui train --resume mine --runs-dir '{root}/other place'"),
        ("usual", "x", "mnist-tui train --resume mine --data-dir {root}/x"),
    ],
)
def test_the_command_that_resumes_says_what_is_not_usual(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, data: str, shown: str
) -> None:
    monkeypatch.setenv("MNIST_TUI_RUNS_DIR", str(tmp_path / "usual"))
    monkeypatch.setenv("MNIST_TUI_DATA_DIR", str(tmp_path / "usual-data"))
    command = runs.resume_command(tmp_path / folder / "mine", tmp_path / data)
    assert command == shown.format(root=tmp_path)


def test_a_disk_that_fails_says_how_to_go_on_where_the_run_is(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(recorder.checkpoint, "save_state", full)
    event = lab.start(name="mine").event
    assert f"--runs-dir {lab.runs_dir}" in getattr(event, "remedy", "")
