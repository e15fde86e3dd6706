"""Fixtures of the data tests: a tiny dataset, a server for it, the real one, and drawn digits at no cost."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mnist_tui.events import Event
from tests.cli import easy_digits
from tests.data.download.mirror import Mirror
from tests.data.samples import Sample, sample


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with Mirror(sample().contents) as server:
        yield server


@pytest.fixture
def tiny(mirror: Mirror) -> Sample:
    """The tiny dataset with one mirror, which works."""
    return sample(mirror.at("good"))


@pytest.fixture
def reported() -> list[Event]:
    """What was reported: hand `reported.append` in as `report`."""
    return []


@pytest.fixture(scope="session")
def mnist_folder() -> Path:
    """The data folder that holds the real MNIST."""
    folder = Path(os.environ.get("MNIST_TUI_DATA_DIR") or "nowhere")
    if not (folder / "MNIST" / "raw").is_dir():
        pytest.skip("MNIST_TUI_DATA_DIR names no folder with MNIST")
    return folder


@pytest.fixture
def drawn_cheaply(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blank digits stand in for drawn ones: how they look is another suite's business."""

    def draw(count: int, seed: int, *, progress: Callable[[int], None]) -> tuple[Any, Any]:
        progress(count)
        return np.full((count, 1, 28, 28), seed, dtype=np.uint8), np.arange(count) % 10

    monkeypatch.setitem(sys.modules, "mnist_tui.data.synthetic", easy_digits.module(draw))
