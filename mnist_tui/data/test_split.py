"""The test images alone, for whoever only shows some."""

from __future__ import annotations

from pathlib import Path

from mnist_tui.data.dataset import SYNTHETIC, TEST_COUNT, TEST_SEED, Split, load
from mnist_tui.data.progress import Meter, Report, ignore


def load_test_split(name: str, folder: Path, *, report: Report = ignore) -> Split:
    """What `load` gives as `test`, without drawing the 60,000 training images of the synthetic dataset first."""
    if name == SYNTHETIC:
        from mnist_tui.data.synthetic import draw  # the skeletons take a moment to load

        meter = Meter(report, SYNTHETIC, "drawing", "test", "images", TEST_COUNT)
        return Split(*draw(TEST_COUNT, TEST_SEED, progress=meter))
    return load(name, folder, report=report).test
