"""Writing a run's network for other programs, from the dashboard: in a process of its own.

Tracing a network changes the state of torch for the whole process, random numbers included, which a training in
another thread depends on.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from mnist_tui.errors import MnistTuiError
from mnist_tui.inference.export_formats import FormatName
from mnist_tui.runs import Run


def export_saved_network(run: Run, format: FormatName, path: Path, data_dir: Path) -> str:
    """Write the network, compared with the file on all test images, and say so in a sentence.

    Takes seconds. Raises MnistTuiError with what the command says where it fails.
    """
    words = ["export", run.name, "--format", format, "--output", path.absolute(), "--json"]
    folders = ["--runs-dir", run.folder.parent.absolute(), "--data-dir", data_dir.absolute()]
    # -P: a folder of this name where the dashboard was started is not the program.
    command = [sys.executable, "-P", "-m", "mnist_tui", *words, *folders]
    done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        raise MnistTuiError(_read_error(done.stderr) or f"the export ended with exit code {done.returncode}")
    images = json.loads(done.stdout)["images"]
    return f"Wrote {path}: the same answers as the run's network to all {images:,} test images."


def _read_error(text: str) -> str:
    """What the command line said: the error and what to do about it, as sentences."""
    error, _, remedy = " ".join(text.split()).removeprefix("error: ").partition(" do: ")
    return f"{error}. {remedy}".removesuffix(". ")
