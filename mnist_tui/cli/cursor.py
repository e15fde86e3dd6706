"""The terminal's cursor, which live displays hide and the next program expects to be visible."""

from __future__ import annotations

import contextlib
import os

_SHOW, _HIDE = b"\x1b[?25h", b"\x1b[?25l"
_hidden: set[int] = set()  # descriptors of the streams on which a live display has hidden it


def record_state(stream: int, *, shown: bool) -> None:
    """Record that a live display has shown or hidden it on this file."""
    if shown:
        _hidden.discard(stream)
    else:
        _hidden.add(stream)


def show() -> None:
    """Show it on every terminal, whatever its recorded state; safe in a signal handler."""
    _write(_SHOW, (1, 2))


def hide_again() -> None:
    """Hide it again where a live display continues."""
    _write(_HIDE, tuple(_hidden))


def _write(code: bytes, streams: tuple[int, ...]) -> None:
    for stream in streams:
        with contextlib.suppress(OSError):
            if os.isatty(stream):
                os.write(stream, code)
