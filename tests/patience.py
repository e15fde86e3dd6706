"""How long a test waits: longer than any machine needs, because only a failing test waits to the end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

PATIENCE = 500.0
"""Seconds; less than a test's time limit, so that the test can say what never came."""

SOON = 100.0
"""Seconds that a program has to be gone after a signal; alone on its machine it takes less than one.

What it would otherwise wait for, such as a run's end or a compiler, takes much longer in the tests.
"""

_GLANCES = 0.02
"""Seconds between two looks at a screen, which is not drawn more often."""


def wait_until(true: Callable[[], object], what: str = "") -> None:
    """Return as soon as it holds."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, f"it never came about: {what or true}"
        time.sleep(0.005)


async def wait_until_async(
    true: Callable[[], object], pause: Callable[[], Awaitable[object]], what: Callable[[], object]
) -> None:
    """Return as soon as it holds, also after `pause`, in which every widget does what it has been asked to.

    That takes much longer than a glance.
    """
    end = time.monotonic() + PATIENCE
    while not true():
        while not true():
            assert time.monotonic() < end, f"it never came about:\n{what()}"
            await asyncio.sleep(_GLANCES)
        await pause()
