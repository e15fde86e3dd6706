"""The power cut at every sync of a run, on a disk that keeps what was synced, and at random some of what was not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from mnist_tui.training import recorder
from tests.engine_fixtures import Lab
from tests.torture.faulty_runs import in_words
from tests.training.test_power_cut import check_cuts, fixture_lab  # noqa: F401 - a fixture

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")


def test_the_power_is_cut_at_every_sync(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, report: Callable[[str], None]
) -> None:
    monkeypatch.setattr(recorder, "CHECKPOINT_SECONDS", 0.0)
    cuts = check_cuts(lab, monkeypatch, tmp_path, ("least", "torn", "torn", "torn"))
    kinds = Counter(kind for _, kind, _ in cuts.left)
    report(f"{len(cuts.left)} cuts ({in_words(kinds)}), each listed, opened and resumed to the same end")
