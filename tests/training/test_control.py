"""Requests from another thread: they never wait, and a pause ends when it should."""

from __future__ import annotations

import threading

import pytest

from mnist_tui.training.control import Control
from tests.patience import PATIENCE


def test_nothing_is_asked_at_first() -> None:
    control = Control()
    assert not control.is_paused
    assert control.stop_reason == ""
    control.wait_while_paused()  # returns at once


def test_the_first_reason_to_stop_stays() -> None:
    control = Control()
    control.stop("first")
    control.stop("second")
    assert control.stop_reason == "first"


def test_stopping_ends_a_pause() -> None:
    control = Control()
    control.pause()
    assert control.is_paused
    control.stop()
    assert not control.is_paused


@pytest.mark.parametrize("action", ["resume", "stop"])
def test_a_waiting_thread_goes_on_when_asked(action: str) -> None:
    control = Control()
    control.pause()
    waiting = threading.Thread(target=control.wait_while_paused)
    waiting.start()
    getattr(control, action)()
    waiting.join(PATIENCE)
    assert not waiting.is_alive()
