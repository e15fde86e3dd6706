"""The Pilot of the screens' tests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from textual.pilot import Pilot, WaitForScreenTimeout

_SECONDS = 10.0


@pytest.fixture(autouse=True)
def _a_widget_that_has_gone_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Textual 8's Pilot asks every widget to answer, which one that is being removed never does, and then fails.

    The tests wait for what they want to see themselves.
    """
    wait: Callable[[Pilot[object], float], Awaitable[bool]] = Pilot._wait_for_screen

    async def without_fail(pilot: Pilot[object], timeout: float = _SECONDS) -> bool:
        try:
            return await wait(pilot, timeout)
        except WaitForScreenTimeout:
            return False

    monkeypatch.setattr(Pilot, "_wait_for_screen", without_fail)
