"""Runs without a training, and one that another process writes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mnist_tui import runs
from mnist_tui.events import Notice
from mnist_tui.runs import Run, RunRecord

RECORD = {
    "created": "2026-11-23T21:14:07.000Z",
    "config": {"dataset": "mnist", "recipe": "reference", "epochs": 3, "seed": 5},
    "model": {"name": "linear", "parameters": 7850},
}
HOLD_THE_LOCK = """
import sys
from pathlib import Path
from mnist_tui.runs import Run
with Run(Path(sys.argv[1])).writer():
    print("held", flush=True)
    sys.stdin.read()
"""


def create(folder: Path, name: str = "", **changes: Any) -> Run:
    return runs.create(folder, RunRecord.from_dict(RECORD | changes), name=name)


def make_notice(message: str) -> Notice:
    return Notice(message=message)


def read_messages(run: Run) -> list[str]:
    return [event.message for event in run.events() if isinstance(event, Notice)]


@contextmanager
def hold_elsewhere(run: Run) -> Iterator[None]:
    """Another process is writing the run."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD_THE_LOCK, str(run.folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield
        process.communicate()
