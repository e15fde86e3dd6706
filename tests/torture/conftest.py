"""Every test here is a campaign: marked as one, and its figures are printed at the end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

_FIGURES: list[str] = []
_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Left out of the ordinary tests, which have a short form of each."""
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.torture)


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Say what was tried and how it went, for `docs/reliability.md`."""
    name = request.node.name
    return lambda sentence: _FIGURES.append(f"{name}: {sentence}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the campaigns reported."""
    if _FIGURES:
        terminalreporter.section("figures")
        for line in _FIGURES:
            terminalreporter.write_line(line)
