"""A monkey at the dashboard, for minutes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.torture import monkey

SECONDS = 180


def test_a_monkey_breaks_nothing(tmp_path: Path, report: Callable[[str], None]) -> None:
    played = monkey.at_home(tmp_path, seed=2026)
    played.play(SECONDS)
    report(f"{SECONDS} s: {played}")
    assert played.keys > 500
    assert any(len(looks) > 1 for looks in played.memory), "the memory was not measured more than once"
