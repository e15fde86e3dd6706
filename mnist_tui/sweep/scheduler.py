"""The loop of a sweep: several trials at the same time, until there are none left or it is stopped."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from mnist_tui.errors import ConfigError, DataError, Interrupted, MnistTuiError, RunError
from mnist_tui.events import DataProgress, Event, Notice, Preparing, Report, RunFailed, RunFinished, RunStopped
from mnist_tui.runs import Run
from mnist_tui.runs.history import RunHistory, RunStatus
from mnist_tui.sweep.plans import Trial
from mnist_tui.sweep.prepare import PreparationFinished, PreparationJob
from mnist_tui.sweep.process_pool import ProcessPool, Worker
from mnist_tui.sweep.progress import SweepEvent, SweepMessage, TrialEnded, TrialEvent, TrialStarted
from mnist_tui.sweep.results import TrialResult, TrialStatus, trial_result
from mnist_tui.system.cpu import usable_cores
from mnist_tui.training.control import Control
from mnist_tui.training.jobs import Folders, NewRun, ResumedRun

# How long a request to stop can go unnoticed while no process sends an event.
_POLL_SECONDS = 0.25

# How long a trial of a killed sweep can take to end.
_LOCK_SECONDS = 20.0

# A small network leaves most of a GPU idle and its processor waiting for one core, so a few runs share it.
_JOBS_PER_GPU = 4

_ERRORS = {kind.exit_code: kind for kind in (ConfigError, DataError, RunError)}


class TrialSource(Protocol):
    """Chooses the trials, and gets their events and results."""

    def next(self) -> Trial | None:
        """The next trial to train; None if there is none at the moment."""

    def on_event(self, trial: Trial, event: Event) -> str:
        """Take an event of a trial; returns a reason to stop it, "" if there is none."""

    def on_end(self, result: TrialResult) -> None:
        """Take the result of a trial that has ended."""


class GridSource:
    """The trials in the plan's order. Those that were stopped, have failed or have not begun are trained."""

    def __init__(self, trials: Iterable[Trial], results: Mapping[str, TrialResult]) -> None:
        self._left = iter([trial for trial in trials if results[trial.name].status is not TrialStatus.FINISHED])

    def next(self) -> Trial | None:
        return next(self._left, None)

    def on_event(self, trial: Trial, event: Event) -> str:
        """A grid never stops a trial."""
        return ""

    def on_end(self, result: TrialResult) -> None:
        """Nothing to do: the result is in the run's own log."""


@dataclass(frozen=True)
class ResumeWhenUnlocked:
    """Resume a run once its last process, which may still be writing a checkpoint, has released the lock."""

    run: Run
    job: ResumedRun

    def __call__(self, control: Control, report: Report) -> None:
        """The trials of a killed sweep end by themselves, which takes a while."""
        end = time.monotonic() + _LOCK_SECONDS
        while self.run.is_locked() and not control.stop_reason and time.monotonic() < end:
            time.sleep(_POLL_SECONDS)
        self.job(control, report)


@dataclass
class _RunningTrial:
    trial: Trial
    history: RunHistory
    has_final_event: bool = False
    """Whether the event that ends a run has come."""


def prepare(
    pool: ProcessPool, job: PreparationJob, control: Control, report: Callable[[SweepEvent], None]
) -> PreparationFinished:
    """Run `job` in a process. Raises the MnistTuiError that it failed with, or Interrupted."""
    pool.start(job)
    prepared: PreparationFinished | None = None
    failed: RunFailed | None = None
    while len(pool):
        if control.stop_reason:
            pool.stop(control.stop_reason)
        for worker, event in pool.wait(_POLL_SECONDS):
            if isinstance(event, PreparationFinished):
                prepared = event
            elif isinstance(event, RunFailed):
                failed = event
            elif isinstance(event, (DataProgress, Notice)):
                report(SweepMessage(event))
            elif event is None and prepared is None and failed is None and not control.stop_reason:
                failed = RunFailed(error="", message=f"the sweep could not be prepared: {worker.exit_reason}")
    if control.stop_reason:
        raise Interrupted(control.stop_reason)
    if failed is not None:  # as an error with the same exit code
        raise _ERRORS.get(failed.exit_code, MnistTuiError)(failed.message, remedy=failed.remedy)
    assert prepared is not None  # or the end of the process would have been taken for a failure
    return prepared


def choose_jobs(device: str, threads: int, cores: int | None = None) -> int:
    """How many trials to train at the same time: on the CPU as many as have cores of their own."""
    cores = cores or usable_cores()
    if device == "cpu":
        return max(1, cores // max(1, threads))
    return min(_JOBS_PER_GPU, cores) if device == "cuda" else 1


def run_trials(
    source: TrialSource,
    pool: ProcessPool,
    *,
    jobs: int,
    folders: Folders,
    control: Control,
    report: Callable[[SweepEvent], None],
) -> None:
    """Train the trials of `source`, `jobs` at a time. A stop is passed on to all, and their ends are waited for."""
    running: dict[Worker, _RunningTrial] = {}
    threads = max(1, usable_cores() // jobs) if jobs > 1 else 0
    while True:
        while len(running) < jobs and not control.stop_reason and (trial := source.next()) is not None:
            worker, running_trial = _start(trial, pool, folders, threads)
            running[worker] = running_trial
            before = copy.deepcopy(running_trial.history)
            report(TrialStarted(trial, before, is_resumed=before.status is not RunStatus.EMPTY))
        if not running:
            return
        for worker, event in pool.wait(_POLL_SECONDS):
            if event is None:
                result = _final_result(running.pop(worker), worker)
                source.on_end(result)
                report(TrialEnded(result))
            else:
                _handle_event(event, worker, running[worker], source, report)
        if control.stop_reason:
            pool.stop(control.stop_reason)


def _start(trial: Trial, pool: ProcessPool, folders: Folders, threads: int) -> tuple[Worker, _RunningTrial]:
    """Start a trial as a new run, or resume its run."""
    run = Run(folders.runs / trial.name)
    if run.config_file.exists():
        job = ResumeWhenUnlocked(run, ResumedRun(str(run.folder), folders))
        return pool.start(job), _RunningTrial(trial, run.history(progress=False))
    with contextlib.suppress(OSError):
        run.folder.rmdir()  # empty, where a kill came between making it and filling it
    config = trial.config.replace(threads=trial.config.threads or threads)
    return pool.start(NewRun(config, folders, trial.name)), _RunningTrial(trial, RunHistory())


def _handle_event(
    event: Event,
    worker: Worker,
    running_trial: _RunningTrial,
    source: TrialSource,
    report: Callable[[SweepEvent], None],
) -> None:
    running_trial.history.apply(event)
    running_trial.has_final_event = isinstance(event, (RunFinished, RunStopped, RunFailed))
    reason = source.on_event(running_trial.trial, event)
    if reason:
        worker.stop(reason)
    if isinstance(event, (Preparing, DataProgress)):
        report(SweepMessage(event))
    else:
        report(TrialEvent(running_trial.trial, event))


def _final_result(running_trial: _RunningTrial, worker: Worker) -> TrialResult:
    """The result; a process without a final event has crashed."""
    result = trial_result(running_trial.trial, running_trial.history)
    if running_trial.has_final_event:
        return result
    return dataclasses.replace(result, status=TrialStatus.FAILED, reason=worker.exit_reason)
