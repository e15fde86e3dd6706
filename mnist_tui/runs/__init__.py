"""Runs on disk: one folder each, written by one process, read by any. No torch."""

from mnist_tui.runs.creation import check_can_create, create
from mnist_tui.runs.find import command, find, list_runs, resume_command
from mnist_tui.runs.folder_layout import LATEST, SWEEPS, check_name
from mnist_tui.runs.log_writer import LogWriter
from mnist_tui.runs.record import RunRecord
from mnist_tui.runs.run import Run

__all__ = [
    "LATEST",
    "SWEEPS",
    "LogWriter",
    "Run",
    "RunRecord",
    "check_can_create",
    "check_name",
    "command",
    "create",
    "find",
    "list_runs",
    "resume_command",
]
