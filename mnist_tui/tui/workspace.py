"""What the screens of the dashboard share, and what they ask of the app, because only it can do it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from textual.message import Message

from mnist_tui.config import MACHINE_SETTINGS, TrainConfig, config_from_old_record
from mnist_tui.runs import Run
from mnist_tui.training.jobs import Folders, Job
from mnist_tui.tui.picked_image import PickedImage, Question
from mnist_tui.tui.preferences import Preferences
from mnist_tui.tui.session import Session


@dataclass
class Workspace:
    """Made by the app and given to each of its screens. What only the app can do, they ask for by messages."""

    session: Session
    folders: Folders
    form_config: TrainConfig
    """The settings that the form of a new run opens with."""
    preferences: Preferences
    drawing: bytes | None = None
    """The drawing on the Draw screen as a network gets it, (28, 28) uint8; None while it is blank."""
    network: Run | None = None
    """The run whose network Model, Evaluate and Draw show, as the user chose it; None for the one in training, or else
    the newest."""
    question: Question | None = None
    """What the Model screen has been asked; it takes the question when it comes up."""
    image_to_draw: PickedImage | None = None
    """What is to be laid on the Draw screen, which takes it when it comes up."""
    reference: Run | None = None
    """The run that the user has pinned to compare others with; None for the best one of its kind."""
    declined_code: set[str] = field(default_factory=set)
    """The checksums of code that the user has declined to run."""

    def fill_form(self, settings: Mapping[str, Any]) -> None:
        """Let the next form open with a run's settings, if they can be used, and with the machine settings it has now.

        A run records the backend and the number of threads that were chosen for it, which another network may not
        be able to use.
        """
        machine = {name: value for name, value in self.form_config.to_dict().items() if name in MACHINE_SETTINGS}
        config = config_from_old_record({**settings, **machine, "extra_epochs": 0})
        self.form_config = config or self.form_config


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
