"""Runs on disk: a folder each, written by one process, read by any. No torch."""

from mnist_tui.runs.catalogue import find, list_runs
from mnist_tui.runs.commands import resume_command
from mnist_tui.runs.creation import check_place, create, record_text
from mnist_tui.runs.names import LATEST, SWEEPS, check_name
from mnist_tui.runs.run import Run
from mnist_tui.runs.writer import RunWriter

__all__ = [
    "LATEST",
    "SWEEPS",
    "Run",
    "RunWriter",
    "check_name",
    "check_place",
    "create",
    "find",
    "list_runs",
    "record_text",
    "resume_command",
]
