"""What screens ask of the app, because only it can do it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual.message import Message

from mnist_tui.runs import Run
from mnist_tui.training.jobs import Job


class TrainRequested(Message):
    """Start this job, unless a run is being trained already."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self.job = job


class ResumeRequested(Message):
    """Continue this run from its checkpoint. It was neither finished nor in use when this was posted."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run = run


class NewRunRequested(Message):
    """Open the form of a new run with the settings of this run."""

    def __init__(self, settings: Mapping[str, Any], run: Run) -> None:
        super().__init__()
        self.settings, self.run = settings, run
