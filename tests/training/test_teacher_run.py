"""A teacher named by its recipe: trained once, found again, resumed when it was stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from mnist_tui import recipes, runs
from mnist_tui.config import TrainConfig
from mnist_tui.errors import Interrupted, RunError
from mnist_tui.events import Event, Preparing, Progress, RunFinished, RunStarted
from mnist_tui.runs.history import RunStatus
from mnist_tui.training.control import Control
from mnist_tui.training.jobs import Folders, NewRun
from tests.engine_fixtures import Lab, tiny_config
from tests.patience import PATIENCE, wait_until


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    taught = tiny_config(recipe="master", epochs=3, backend="auto", device="auto", threads=0)
    monkeypatch.setitem(recipes.RECIPES, "master", taught)  # type: ignore[arg-type]
    return Lab(tmp_path, monkeypatch)


def train(
    lab: Lab,
    name: str,
    watch: Callable[[Event, Control], None] = lambda _event, _control: None,
    **changes: object,
) -> list[Event]:
    """The events of a student of `master`."""
    events: list[Event] = []
    control = Control()

    def report(event: Event) -> None:
        events.append(event)
        watch(event, control)

    config: TrainConfig = tiny_config(teacher="master", **changes)
    NewRun(config, Folders(lab.runs_dir, lab.runs_dir), name)(control, report)
    return events


def masters(lab: Lab) -> list[runs.Run]:
    return [run for run in runs.list_runs(lab.runs_dir) if run.record().config["recipe"] == "master"]


def test_the_teacher_is_trained_first_and_found_by_the_next_student(lab: Lab) -> None:
    first, second = train(lab, "first"), train(lab, "second", seed=2)
    (master,) = masters(lab)
    assert master.history().status is RunStatus.FINISHED
    for events, name in ((first, "first"), (second, "second")):
        run_event = next(event for event in events if isinstance(event, RunStarted))
        assert (run_event.run, run_event.config["teacher"]) == (name, master.name)
        assert isinstance(events[-1], RunFinished)
        assert runs.find(lab.runs_dir, name).teacher_file.read_bytes() == master.weights_file.read_bytes()


def test_a_student_reports_its_teachers_progress_and_not_the_teachers_own_events(lab: Lab) -> None:
    events = train(lab, "first")
    before = events[: next(at for at, event in enumerate(events) if isinstance(event, RunStarted))]
    reported = [event for event in before if isinstance(event, Preparing) and event.total]
    assert [event.done for event in reported] == sorted(event.done for event in reported)
    assert {event.what for event in reported} == {
        f"training the teacher, linear: epoch {epoch} of 3" for epoch in (1, 2, 3)
    }
    assert reported[-1].done == reported[-1].total
    assert not [event for event in before if isinstance(event, Progress)]


def test_a_stop_meanwhile_keeps_what_the_teacher_has_learned(lab: Lab) -> None:
    def stop(event: Event, control: Control) -> None:
        if isinstance(event, Preparing) and "epoch 2" in event.what:
            control.stop("enough")

    with pytest.raises(Interrupted, match="enough, while training the teacher"):
        train(lab, "first", stop)
    (master,) = masters(lab)
    assert master.history().status is RunStatus.STOPPED
    assert [run.name for run in runs.list_runs(lab.runs_dir)] == [master.name]
    reported = [event.what for event in train(lab, "first") if isinstance(event, Preparing)]
    assert "training the teacher, linear: epoch 1 of 3" not in reported
    assert masters(lab) == [master]
    assert master.history().status is RunStatus.FINISHED


def test_students_that_hold_other_images_out_have_other_teachers(lab: Lab) -> None:
    train(lab, "first")
    train(lab, "second", validation=20)
    assert [run.record().config["validation"] for run in masters(lab)] == [0, 20]


def test_a_student_that_sees_digits_upright_has_a_teacher_that_does(lab: Lab) -> None:
    train(lab, "first")
    train(lab, "second", deskew=0.5)
    assert [run.record().config["deskew"] for run in masters(lab)] == [0.0, 0.5]


def test_two_students_at_once_train_one_teacher(lab: Lab) -> None:
    interrupted, ended = threading.Event(), threading.Event()

    def one(event: Event, _control: Control) -> None:
        if isinstance(event, Preparing) and "epoch 1" in event.what:
            assert interrupted.wait(PATIENCE)

    def train_one() -> None:
        train(lab, "first", one)
        ended.set()

    thread = threading.Thread(target=train_one)
    thread.start()
    wait_until(lambda: masters(lab))
    with pytest.raises(Interrupted, match="while waiting"):
        train(lab, "impatient", lambda event, control: control.stop("enough"))
    interrupted.set()
    thread.join(PATIENCE)
    assert ended.is_set()
    assert len(masters(lab)) == 1


def test_a_name_that_is_taken_is_refused_before_a_teacher_is_trained(lab: Lab) -> None:
    lab.start(name="taken")
    with pytest.raises(RunError, match="there is a run 'taken' already"):
        train(lab, "taken")
    assert masters(lab) == []
