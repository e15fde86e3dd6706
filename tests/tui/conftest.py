"""The Pilot of the screens' tests, and what hundreds of applications in one process need not do again and again."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from rich.segment import Segment
from textual._context import active_app
from textual._styles_cache import StylesCache
from textual.cache import FIFOCache
from textual.css.stylesheet import Stylesheet
from textual.pilot import Pilot, WaitForScreenTimeout
from textual.strip import Strip

_SECONDS = 3.0
_every_widget_answers = Pilot._wait_for_screen


@pytest.fixture(autouse=True, scope="session")
def _a_key_is_answered_as_soon_as_all_has_been_done() -> Iterator[None]:
    """Textual 8 guesses it from the processor time of the process: at least two naps of 20 ms for each key.

    Beside a training it naps for whole seconds, as the process is busy; on a busy machine it goes on too soon. Its
    Pilot has every widget answer as well, which one that is being removed never does.
    """
    with pytest.MonkeyPatch.context() as patched:
        for module in ("textual.app", "textual.pilot"):
            patched.setattr(f"{module}.wait_for_idle", _wait_until_idle)
        patched.setattr(Pilot, "_wait_for_screen", _wait_until_idle)
        # What would be shown in between is not looked at.
        patched.setattr("textual.constants.TEXTUAL_ANIMATIONS", "none")
        yield


async def _wait_until_idle(*_given: object) -> bool:
    """Until every widget waits for something new, and what has changed is drawn; whether that came about."""
    ready = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end:
        await asyncio.sleep(0)
        if not ready and not _draw_a_frame():
            return True
    return await _wait_for_answers()


async def _wait_for_answers() -> bool:
    """Beside a training, on a busy machine, there is always something new: let what came before now be done."""
    with contextlib.suppress(WaitForScreenTimeout):  # of a widget that is being removed
        return await _every_widget_answers(Pilot(active_app.get()))
    return False


def _draw_a_frame() -> bool:
    """What two timers would do within 17 ms: take a new size, and draw; whether there was anything."""
    app = active_app.get()
    if app._resize_timer is not None:
        app._check_resize()
        return True
    is_due = bool(app.screen_stack) and app.screen._update_timer._active.is_set()
    if is_due:
        app.screen._on_timer_update()
    return is_due


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


@pytest.fixture(autouse=True, scope="session")
def _a_line_makes_a_cache_when_it_is_used() -> Iterator[None]:
    """Textual 8 makes seven of them for each line of each widget, most of them in vain: a tenth of the time."""

    def begin(line: Strip, segments: Iterable[Segment], cell_length: int | None = None) -> None:
        line._segments = list(segments)
        line._cell_length = cell_length
        line._render_cache = line._link_ids = line._cell_count = None

    def make_cache(line: Strip, name: str) -> FIFOCache[Any, Any]:
        if not name.endswith("_cache"):
            raise AttributeError(name)
        cache: FIFOCache[Any, Any] = FIFOCache(16)
        setattr(line, name, cache)
        return cache

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Strip, "__init__", begin)
        patched.setattr(Strip, "__getattr__", make_cache, raising=False)
        yield


@pytest.fixture(autouse=True)
def _a_closed_screen_is_let_go() -> Iterator[None]:
    """A cache of Textual 8's keeps the lines of a thousand widgets, which the garbage collector looks at each time."""
    yield
    StylesCache.get_inner_outer.cache_clear()
