"""The question before running the code of a run that was not trained on this machine."""

from __future__ import annotations

from mnist_tui.training.run_code import RunCode
from mnist_tui.tui.screens.dialogs.base import ConfirmDialog


class TrustDialog(ConfirmDialog):
    """Names the run and its files; the default answer is no."""

    def __init__(self, code: RunCode) -> None:
        super().__init__("Run this code?", f"{code.question}.", "Run it", "Do not run it", danger=True)
