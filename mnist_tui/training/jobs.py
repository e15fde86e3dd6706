"""Jobs for the command line and the dashboard: new or resumed runs. torch is imported only when one is called."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mnist_tui import runs
from mnist_tui.config import BackendName, TrainConfig
from mnist_tui.events import Report
from mnist_tui.system import gc_control
from mnist_tui.training.control import Control

if TYPE_CHECKING:
    from mnist_tui.training.recorder import RunResult


@dataclass(frozen=True)
class Folders:
    """The folders of data and of runs."""

    data: Path
    runs: Path


@dataclass(frozen=True)
class NewRun:
    """Train `config` in a new folder."""

    config: TrainConfig
    folders: Folders
    name: str = ""

    def __call__(self, control: Control, report: Report) -> RunResult:
        """As `start_run`, with a teacher that is named by its recipe found or trained first."""
        with self._start_drawing():
            return self._train(control, report)

    def _start_drawing(self) -> AbstractContextManager[None]:
        """Draw synthetic digits in the background while torch is imported."""
        if self.config.dataset != "synthetic":
            return nullcontext()
        from mnist_tui.data.synthetic import background

        return background.draw_in_background()

    def _train(self, control: Control, report: Report) -> RunResult:
        with gc_control.pause_during_import():
            from mnist_tui.training import run_training
            from mnist_tui.training.teacher_run import ensure_teacher

        data_dir, runs_dir = self.folders.data, self.folders.runs
        runs.check_can_create(runs_dir, self.name)  # before minutes are spent on a teacher
        config = ensure_teacher(self.config, data_dir=data_dir, runs_dir=runs_dir, control=control, report=report)
        return run_training.start_run(
            config, data_dir=data_dir, runs_dir=runs_dir, name=self.name, control=control, report=report
        )


@dataclass(frozen=True)
class ResumedRun:
    """Resume the run that `query` (name, prefix, path or `latest`) stands for, perhaps past the end of its schedule.

    Where `threads` or `backend` is None, the run keeps what it has had so far.
    """

    query: str
    folders: Folders
    more_epochs: int = 0
    threads: int | None = None
    backend: BackendName | None = None

    def __call__(self, control: Control, report: Report) -> RunResult:
        """As `resume_run`."""
        with gc_control.pause_during_import():
            from mnist_tui.training import run_training

        return run_training.resume_run(
            runs.find(self.folders.runs, self.query),
            data_dir=self.folders.data,
            more_epochs=self.more_epochs,
            threads=self.threads,
            backend=self.backend,
            control=control,
            report=report,
        )


Job = NewRun | ResumedRun
