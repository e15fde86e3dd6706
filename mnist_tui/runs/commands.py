"""Commands suggested to the user, with the folders if these are not the default ones."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from mnist_tui.system import paths


def command(*words: str, runs_dir: Path, data_dir: Path | None = None) -> str:
    """`mnist-tui` and `words`, to be typed in this folder, so that it finds these runs and this data."""
    typed = ["mnist-tui", *words]
    if data_dir is not None and not _is_same(data_dir, paths.data_dir()):
        typed += ["--data-dir", str(data_dir)]
    if not _is_same(runs_dir, paths.runs_dir()):
        typed += ["--runs-dir", str(runs_dir)]
    return shlex.join(typed)


def resume_command(run_folder: Path, data_dir: Path | None = None) -> str:
    """The command that resumes the run in this folder."""
    return command("train", "--resume", run_folder.name, runs_dir=run_folder.parent, data_dir=data_dir)


def _is_same(folder: Path, other: Path) -> bool:
    return os.path.abspath(folder) == os.path.abspath(other)  # noqa: PTH100 - the folder may have links in it
