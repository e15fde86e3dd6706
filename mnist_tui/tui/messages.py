"""What screens ask of the app: wishes that only it can grant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual.message import Message

from mnist_tui.runs import Run


class ResumeRequested(Message):
    """Train this run on from its checkpoint. It was neither finished nor in use when it was asked for."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run = run


class NewRunRequested(Message):
    """Ask for the settings of a new run, which begin with these: those of a run, to be changed."""

    def __init__(self, settings: Mapping[str, Any], run: Run) -> None:
        super().__init__()
        self.settings, self.run = settings, run
