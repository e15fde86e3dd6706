"""The question before a run in training is left."""

from __future__ import annotations

from mnist_tui.tui.screens.dialogs.base import ConfirmDialog


class LeaveDialog(ConfirmDialog):
    """Yes stops the run and keeps a checkpoint."""

    def __init__(self) -> None:
        question = "Stop training, keep a checkpoint and leave? The run can be resumed at any time."
        super().__init__("Training is running", question, yes="Stop and leave", no="Go on training")
