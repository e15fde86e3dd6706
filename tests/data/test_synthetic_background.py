"""Digits that are drawn while torch is being loaded are the very ones that would be drawn afterwards."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest

from mnist_tui.data.synthetic import PARTS, background, draw_digits


@pytest.fixture
def no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where it has not been loaded yet, on a machine of two cores."""
    monkeypatch.delitem(sys.modules, "torch")
    monkeypatch.setattr(background, "usable_cores", lambda: 2)


def wait() -> None:
    """Nothing to do meanwhile."""


@pytest.mark.usefixtures("no_torch")
def test_they_are_the_digits_that_would_be_drawn_afterwards() -> None:
    with background.draw_in_background():
        early = background.take_result(wait)
        assert background.take_result(wait) is None
    assert early is not None
    for (images, labels), (count, seed) in zip(early, PARTS.values(), strict=True):
        expected = draw_digits(count, seed)
        np.testing.assert_array_equal(images, expected[0])
        np.testing.assert_array_equal(labels, expected[1])


@pytest.mark.usefixtures("no_torch")
def test_what_nobody_has_taken_is_given_up(processes: list[subprocess.Popen[bytes]]) -> None:
    with background.draw_in_background():
        assert processes[0].poll() is None
    assert processes[0].returncode is not None
    assert background.take_result(wait) is None


@pytest.mark.usefixtures("no_torch")
def test_waiting_may_be_aborted(processes: list[subprocess.Popen[bytes]]) -> None:
    def leave() -> None:
        raise InterruptedError

    with background.draw_in_background(), pytest.raises(InterruptedError):
        background.take_result(leave)
    assert processes[0].returncode is not None


@pytest.mark.usefixtures("no_torch")
def test_a_process_that_fails_leaves_the_drawing_to_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with background.draw_in_background():
        assert background.take_result(wait) is None


@pytest.mark.usefixtures("no_torch")
def test_so_does_one_that_cannot_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with background.draw_in_background():
        assert background.take_result(wait) is None


def test_where_torch_is_loaded_already_nothing_is_begun() -> None:
    assert "torch" in sys.modules
    with background.draw_in_background():
        assert background.take_result(wait) is None


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """Those that are started, as they come."""
    started: list[subprocess.Popen[bytes]] = []
    start: Callable[..., subprocess.Popen[bytes]] = subprocess.Popen

    def record_call(*arguments: object, **named: object) -> subprocess.Popen[bytes]:
        started.append(start(*arguments, **named))
        return started[-1]

    monkeypatch.setattr(background.subprocess, "Popen", record_call)
    return started
