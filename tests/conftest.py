"""Fixtures shared by all tests."""

from __future__ import annotations

import gc
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.tui import warm_program

pytest_plugins = ["tests.trial_server"]

# Not the user's own state folder: code that is trained with here is recorded there.
os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="mnist-tui-state-")
os.environ.pop("MNIST_TUI_STATE_DIR", None)

# Compiling a network's step takes seconds: once for all tests, and for all workers, rather than in each.
os.environ.setdefault("MNIST_TUI_CACHE_DIR", str(Path(tempfile.gettempdir()) / f"mnist-tui-tests-{os.getuid()}"))

# An example may take long because the machine is busy.
hypothesis.settings.register_profile("patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("patient")

# What it is for shows after a power cut alone (`tests/power.py`), and the tests would wait for the disk thousands of
# times. What is no open file is refused as ever. Processes that tests start have the real one.
os.fsync = lambda handle: os.fstat(handle) and None

# Threads of torch that wait for each other at full speed, in each worker, take the processor from the other tests.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

_LONG = 3 * 3600  # seconds; the campaigns take half an hour on two quiet cores


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A locked run is reported as in use without waiting a second for a mere reader's lock."""
    monkeypatch.setattr("mnist_tui.runs.run._LOCK_SECONDS", 0.05)


@pytest.fixture(autouse=True, scope="session")
def _the_warm_program_ends_with_the_tests() -> Iterator[None]:
    yield
    warm_program.close()


def pytest_configure() -> None:
    """What a background job or `nohup` has processes ignore is inherited, and the program respects it; tests send it.

    A signal that is caught here is not ignored by the processes that are started, and does not end the tests.
    """
    for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM, signal.SIGTSTP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """All that is imported stays for good: the collector, which would look at it time and again, need not.

    It comes less often, too: an application in a test makes and forgets a hundred thousand objects.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 10, 10)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The time limit of pyproject.toml is for ordinary tests; and workers, if any, begin with what takes seconds."""
    for item in items:
        if item.get_closest_marker("slow") or item.get_closest_marker("torture"):
            item.add_marker(pytest.mark.timeout(_LONG))
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: item.get_closest_marker("early") is None)
