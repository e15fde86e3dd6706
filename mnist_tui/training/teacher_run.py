"""A teacher named by its recipe: a run that was trained already, or one that is trained now."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from mnist_tui import recipes, runs
from mnist_tui.config import TrainConfig
from mnist_tui.errors import Interrupted, MnistTuiError, RunError
from mnist_tui.events import DataProgress, Event, Notice, Preparing, Progress, Report, RunFailed, RunStopped
from mnist_tui.runs import Run
from mnist_tui.runs.creation import explain_write_errors
from mnist_tui.runs.history import RunStatus
from mnist_tui.system.file_lock import FileLock
from mnist_tui.training import run_training
from mnist_tui.training.control import Control
from mnist_tui.training.recorder import RunResult

_POLL = 0.2  # seconds between two checks for a request to stop

# Settings that do not change a teacher's weights. `dataset` does, but a run records what `auto` stood for.
_IRRELEVANT = ("device", "threads", "backend", "extra_epochs", "dataset")


def ensure_teacher(
    student: TrainConfig, *, data_dir: Path, runs_dir: Path, control: Control, report: Report
) -> TrainConfig:
    """The student's config, with a run in place of the recipe that its `teacher` may name.

    That run is an ordinary one with the student's data and deskewing, and seed 1. It is trained first if there is none,
    or resumed if it was stopped, which `report` gets as Preparing. Two processes that need the same one train it once.
    Raises MnistTuiError if training the teacher fails, and Interrupted if `control` stopped it.
    """
    if student.teacher not in recipes.RECIPES:
        return student
    wanted = recipes.build_config(
        student.teacher,
        dataset=student.dataset,
        validation=student.validation,
        train_limit=student.train_limit,
        deskew=student.deskew,
        device=student.device,
    )
    runs.check_can_create(runs_dir)
    with _hold_lock(runs_dir, control, report):
        # The newest run with the wanted settings, finished or not.
        run = next((run for run in reversed(runs.list_runs(runs_dir)) if _matches(run, wanted)), None)
        if run is None or run.history(progress=False).status is not RunStatus.FINISHED:
            run = _train(run, wanted, data_dir, runs_dir, control, _as_preparation(wanted, report))
    return student.replace(teacher=run.name)


def _matches(run: Run, wanted: TrainConfig) -> bool:
    try:
        config = run.record().config
    except RunError:
        return False
    relevant = {name: value for name, value in wanted.to_dict().items() if name not in _IRRELEVANT}
    same_data = wanted.dataset in ("auto", config.get("dataset"))
    return same_data and all(config.get(name) == value for name, value in relevant.items())


def _train(
    run: Run | None, wanted: TrainConfig, data_dir: Path, runs_dir: Path, control: Control, report: Report
) -> Run:
    result: RunResult
    if run is None:
        result = run_training.start_run(wanted, data_dir=data_dir, runs_dir=runs_dir, control=control, report=report)
    else:
        result = run_training.resume_run(run, data_dir=data_dir, control=control, report=report)
    event = result.event
    if isinstance(event, RunStopped):
        raise Interrupted(f"{event.reason}, while training the teacher")
    if isinstance(event, RunFailed):
        raise MnistTuiError(f"the teacher failed: {event.message}", remedy=event.remedy)
    return result.run


def _as_preparation(wanted: TrainConfig, report: Report) -> Report:
    """Report the teacher's progress as preparation of the student's run, which has not begun."""

    def report_teacher(event: Event) -> None:
        if isinstance(event, (DataProgress, Notice)):
            report(event)
        elif isinstance(event, Preparing):
            report(Preparing(what=f"{event.what}, for the teacher"))
        elif isinstance(event, Progress):
            what = f"training the teacher, {wanted.model}: epoch {event.epoch} of {event.epochs}"
            step = event.step if event.phase == "training" else event.steps
            # An epoch counts as 1000, as evaluation has steps of another size.
            done = 1000 * (event.epoch - 1) + 1000 * step // event.steps
            report(Preparing(what=what, done=done, total=1000 * event.epochs))

    return report_teacher


@contextlib.contextmanager
def _hold_lock(runs_dir: Path, control: Control, report: Report) -> Iterator[None]:
    """Only one process at a time trains a teacher in `runs_dir`; the next one then finds it."""
    lock = FileLock(runs_dir / ".teacher.lock")
    with explain_write_errors(runs_dir):
        runs_dir.mkdir(parents=True, exist_ok=True)
        while not lock.try_acquire(_POLL):
            if control.stop_reason:
                raise Interrupted(f"{control.stop_reason}, while waiting for the teacher")
            report(Preparing(what="waiting for the teacher, which another process trains"))
    try:
        yield
    finally:
        lock.release()
