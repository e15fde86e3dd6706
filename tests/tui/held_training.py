"""Training that waits for the test at chosen steps, so that a moment of it lasts until the test has met it."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from mnist_tui.training.trainer import Trainer
from tests.patience import PATIENCE


class HeldTraining:
    """Every step is slow enough to press a key between two; those of `hold` are not taken before they are let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._held: dict[tuple[int, int], threading.Event] = {}
        take = Trainer._take_step

        def slowly(trainer: Trainer, *arguments: Any) -> Any:
            time.sleep(0.05)
            held = self._held.get((trainer.position.epoch, trainer.position.step))
            assert held is None or held.wait(PATIENCE)
            return take(trainer, *arguments)

        monkeypatch.setattr(Trainer, "_take_step", slowly)

    def hold(self, *moments: tuple[int, int]) -> None:
        """Wait at these epochs and steps."""
        self._held = {moment: threading.Event() for moment in moments}

    def let_go(self, moment: tuple[int, int]) -> None:
        """Take that step, now or when it comes."""
        self._held[moment].set()


@pytest.fixture(name="training")
def fixture_training(monkeypatch: pytest.MonkeyPatch) -> HeldTraining:
    return HeldTraining(monkeypatch)
