"""The Pilot of the screens' tests, and what hundreds of applications in one process need not do again and again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from textual._styles_cache import StylesCache
from textual.css.stylesheet import Stylesheet
from textual.pilot import Pilot, WaitForScreenTimeout

from tests.tui import warm_program

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


@pytest.fixture(autouse=True, scope="session")
def _the_same_style_sheets_are_parsed_once() -> Iterator[None]:
    """Textual parses them anew for each application and each theme; what it makes of them it does not change."""
    parsed: dict[Any, Any] = {}
    parse = Stylesheet._parse_rules

    def looked_up(sheet: Stylesheet, *source: Any, **options: Any) -> Any:
        key = (source, frozenset(options.items()), frozenset(sheet._variables.items()))
        if key not in parsed:
            parsed[key] = parse(sheet, *source, **options)
        return parsed[key]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Stylesheet, "_parse_rules", looked_up)
        yield


@pytest.fixture(autouse=True)
def _a_closed_screen_is_let_go() -> Iterator[None]:
    """A cache of Textual 8's keeps the lines of a thousand widgets, which the garbage collector looks at each time."""
    yield
    StylesCache.get_inner_outer.cache_clear()


@pytest.fixture(autouse=True, scope="session")
def _the_warm_program_ends_with_the_tests() -> Iterator[None]:
    yield
    warm_program.close()
