"""The terminal's cursor, which live displays hide and which whoever has the terminal next expects to see."""

from __future__ import annotations

import contextlib
import os

_SHOW, _HIDE = b"\x1b[?25h", b"\x1b[?25l"
_hidden: set[int] = set()  # numbers of the streams on which a live display has hidden it


def changed(stream: int, *, shown: bool) -> None:
    """A live display has shown or hidden it on this file."""
    if shown:
        _hidden.discard(stream)
    else:
        _hidden.add(stream)


def show() -> None:
    """On every terminal, whatever is said of it; in a signal handler as well."""
    _write(_SHOW, (1, 2))


def hide_again() -> None:
    """Where a live display goes on."""
    _write(_HIDE, tuple(_hidden))


def _write(code: bytes, streams: tuple[int, ...]) -> None:
    for stream in streams:
        with contextlib.suppress(OSError):
            if os.isatty(stream):
                os.write(stream, code)
