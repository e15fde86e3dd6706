"""The process that forks the trials of sweeps in this process: once for all tests, and with the easy digits.

Importing this module, as that server does, puts them in the place of the synthetic ones.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from multiprocessing import forkserver
from pathlib import Path

import pytest

import mnist_tui
from tests.cli import easy_digits


@pytest.fixture(scope="session")
def trial_server() -> None:
    """Begun before any sweep can begin one that draws for seconds."""
    if "forkserver" in multiprocessing.get_all_start_methods():
        before = os.environ.get("PYTHONPATH")
        os.environ["PYTHONPATH"] = str(Path(mnist_tui.__file__).parents[1])
        multiprocessing.get_context("forkserver").set_forkserver_preload(["mnist_tui.runner", __name__])
        forkserver.ensure_running()
        os.environ.pop("PYTHONPATH")
        os.environ.update({} if before is None else {"PYTHONPATH": before})


if Path(sys.argv[0]).name == "-c" or not sys.argv[0]:
    sys.modules["mnist_tui.data.synthetic"] = easy_digits.module()
