"""What the screens of the dashboard share."""

from __future__ import annotations

from dataclasses import dataclass, field

from mnist_tui.config import TrainConfig
from mnist_tui.training.jobs import Folders
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
    declined_code: set[str] = field(default_factory=set)
    """The checksums of code that the user has declined to run."""
