"""What a person types to go on with a run."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from mnist_tui import paths
from mnist_tui.runs.run import Run


def resume_command(run: Run, data_dir: Path | None = None) -> str:
    """Goes on with `run`, from this folder: says where it is, and its data, where that is not the usual place."""
    command = ["mnist-tui", "train", "--resume", run.name]
    if data_dir is not None and not _is_same(data_dir, paths.data_dir()):
        command += ["--data-dir", str(data_dir)]
    if not _is_same(run.folder.parent, paths.runs_dir()):
        command += ["--runs-dir", str(run.folder.parent)]
    return shlex.join(command)


def _is_same(folder: Path, other: Path) -> bool:
    return os.path.abspath(folder) == os.path.abspath(other)  # noqa: PTH100 - the folder may have links in it
