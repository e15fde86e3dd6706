"""The process that forks the trials of sweeps in this process: once for all tests, and with the easy digits.

Importing this module, as that server does, puts them in the place of the synthetic ones.
"""

from __future__ import annotations

import functools
import multiprocessing
import os
import sys
from multiprocessing import forkserver
from pathlib import Path

import pytest

import mnist_tui
from tests.cli import easy_digits

_IN_SERVER = "EASY_DIGITS_SERVER"
_AT_FIRST = dict(os.environ)
IS_POSSIBLE = "forkserver" in multiprocessing.get_all_start_methods()


@pytest.fixture(scope="session")
def trial_server() -> None:
    """Begun before any sweep can begin one that draws for seconds."""
    if IS_POSSIBLE:
        begin_server()


@functools.cache
def begin_server() -> None:
    """It has loaded what processes of the program load, and knows no settings of the test that begins it."""
    with pytest.MonkeyPatch.context() as patched:
        for name in os.environ.keys() - _AT_FIRST.keys():
            patched.delenv(name)
        for name, value in _AT_FIRST.items():
            patched.setenv(name, value)
        patched.setenv("PYTHONPATH", str(Path(mnist_tui.__file__).parents[1]))
        patched.setenv(_IN_SERVER, "1")
        multiprocessing.get_context("forkserver").set_forkserver_preload(
            [
                "mnist_tui.training.run_training",
                "mnist_tui.cli.train",
                "mnist_tui.cli.views.choose",
                "mnist_tui.inspection",
                "numpy.random",
                __name__,
            ]
        )
        forkserver.ensure_running()


if _IN_SERVER in os.environ:
    sys.modules["mnist_tui.data.synthetic"] = easy_digits.module()
