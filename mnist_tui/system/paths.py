"""The folders of data and runs: from an option, else the environment, else the platform's default."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import platformdirs

APP = "mnist-tui"
DATA_DIR_VARIABLE = "MNIST_TUI_DATA_DIR"
RUNS_DIR_VARIABLE = "MNIST_TUI_RUNS_DIR"


def data_dir(flag: Path | None = None) -> Path:
    """The folder of the datasets, with the layout of torchvision's `root`."""
    return _choose(flag, DATA_DIR_VARIABLE) or platformdirs.user_data_path(APP) / "data"


def runs_dir(flag: Path | None = None) -> Path:
    """The folder that contains one folder per run."""
    return _choose(flag, RUNS_DIR_VARIABLE) or platformdirs.user_data_path(APP) / "runs"


def cache_dir() -> Path:
    """The folder of files that can be deleted at any time, such as compiled steps."""
    return _choose(None, "MNIST_TUI_CACHE_DIR") or platformdirs.user_cache_path(APP)


def state_dir() -> Path:
    """The folder of what the program remembers, such as the dashboard's theme."""
    return _choose(None, "MNIST_TUI_STATE_DIR") or platformdirs.user_state_path(APP)


def config_dir() -> Path:
    """The folder of what the user sets in files: defaults, keys and themes. It may not exist."""
    return platformdirs.user_config_path(APP)


def config_file() -> Path:
    """The file with the user's own defaults, which may not exist."""
    return config_dir() / "config.toml"


def expand_user(path: Path | str) -> Path:
    """Expand `~` and `~user` as a shell does; a path with an unknown user is returned unchanged."""
    try:
        return Path(path).expanduser()
    except (RuntimeError, ValueError):  # no such user, or a zero byte in the name
        return Path(path)


def is_folder(path: Path) -> bool:
    """Whether it is a folder; False if that cannot be determined, for which pathlib raises OSError."""
    with contextlib.suppress(OSError):
        return path.is_dir()
    return False


def is_file(path: Path) -> bool:
    """Whether it is a file; False if that cannot be determined."""
    with contextlib.suppress(OSError):
        return path.is_file()
    return False


def _choose(flag: Path | None, variable: str) -> Path | None:
    if flag is not None:
        return expand_user(flag)
    # An empty variable counts as unset, as it does for the XDG ones.
    value = os.environ.get(variable, "")
    return expand_user(value) if value else None
