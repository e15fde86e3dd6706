"""Where data and runs live: a flag, else the environment, else the platform's own folder."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import platformdirs

APP = "mnist-tui"
DATA_DIR_VARIABLE = "MNIST_TUI_DATA_DIR"
RUNS_DIR_VARIABLE = "MNIST_TUI_RUNS_DIR"


def data_dir(flag: Path | None = None) -> Path:
    """The folder of the datasets, laid out as torchvision lays out its `root`."""
    return _choose(flag, DATA_DIR_VARIABLE) or platformdirs.user_data_path(APP) / "data"


def runs_dir(flag: Path | None = None) -> Path:
    """The folder that holds one folder a run."""
    return _choose(flag, RUNS_DIR_VARIABLE) or platformdirs.user_data_path(APP) / "runs"


def cache_dir() -> Path:
    """What can be deleted at any time and is made again: drawn digits, compiled steps."""
    return _choose(None, "MNIST_TUI_CACHE_DIR") or platformdirs.user_cache_path(APP)


def state_dir() -> Path:
    """What the program remembers by itself, such as the dashboard's theme."""
    return _choose(None, "MNIST_TUI_STATE_DIR") or platformdirs.user_state_path(APP)


def config_file() -> Path:
    """The person's own defaults, read when it exists."""
    return platformdirs.user_config_path(APP) / "config.toml"


def expand_user(path: Path | str) -> Path:
    """With `~` and `~somebody` as a shell has them; as it stands where nobody is called that."""
    try:
        return Path(path).expanduser()
    except (RuntimeError, ValueError):  # nobody, or a zero byte in the name
        return Path(path)


def is_folder(path: Path) -> bool:
    """Whether there is one, as far as can be seen: pathlib raises for a name that is too long, or may not be seen."""
    with contextlib.suppress(OSError):
        return path.is_dir()
    return False


def is_file(path: Path) -> bool:
    """Likewise."""
    with contextlib.suppress(OSError):
        return path.is_file()
    return False


def _choose(flag: Path | None, variable: str) -> Path | None:
    if flag is not None:
        return expand_user(flag)
    # An empty variable counts as unset, as it does for the XDG ones.
    value = os.environ.get(variable, "")
    return expand_user(value) if value else None
