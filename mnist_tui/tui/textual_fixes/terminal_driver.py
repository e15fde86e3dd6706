"""The terminal while the dashboard has it: no other output reaches it, and it may be closed at any time. POSIX only."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import sys
import tempfile
from typing import Any, BinaryIO

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

_STANDARD = (1, 2)


class TerminalDriver(LinuxDriver):
    """Draws on the terminal behind standard output, wherever standard error goes.

    Meanwhile both are redirected to a file: a warning of a C library or of a subprocess would otherwise appear in the
    middle of the screen. The file's content is printed when the terminal is given back.
    """

    def __init__(self, app: App[Any], **options: Any) -> None:
        super().__init__(app, **options)
        self._file: Any = _TerminalWriter(os.dup(sys.__stdout__.fileno() if sys.__stdout__ else 1))
        self._redirected = _RedirectedOutput()

    def start_application_mode(self) -> None:
        # Also on coming back from Ctrl+Z.
        self._redirected.begin()
        super().start_application_mode()  # type: ignore[no-untyped-call]

    def close(self) -> None:
        super().close()
        self._redirected.end()

    def run_input_thread(self) -> None:
        """Read keys until the end, or until the terminal is closed: SIGHUP then ends the app."""
        with contextlib.suppress(OSError):
            super().run_input_thread()

    def _get_terminal_size(self) -> tuple[int, int]:
        # Textual would ask standard output, which is no terminal now.
        try:
            return os.get_terminal_size(self._file.fileno())
        except OSError:
            return shutil.get_terminal_size()


class _TerminalWriter:
    """Writes frames. Once the terminal has been closed they are dropped, as the program has yet to save its work."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._gone = False

    def write(self, text: str) -> int:
        rest = memoryview(text.encode(errors="replace"))
        while rest and not self._gone:
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except BlockingIOError:
                select.select([], [self._descriptor], [])
            except OSError:
                self._gone = True
        return len(text)

    def flush(self) -> None:
        """Nothing is buffered."""

    def fileno(self) -> int:
        return self._descriptor


class _RedirectedOutput:
    """Redirects standard output and standard error to a file for a while."""

    def __init__(self) -> None:
        self._file: BinaryIO | None = None
        self._before: list[int] = []

    def begin(self) -> None:
        if self._file is not None:
            return
        _flush()
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `end`
        self._before = [os.dup(number) for number in _STANDARD]
        for number in _STANDARD:
            os.dup2(self._file.fileno(), number)

    def end(self) -> None:
        """Restore both; what was written meanwhile goes to standard error."""
        if self._file is None:
            return
        _flush()
        for number, before in zip(_STANDARD, self._before, strict=True):
            os.dup2(before, number)
            os.close(before)
        with self._file as file:
            file.seek(0)
            written = file.read()
        self._file = None
        with contextlib.suppress(OSError):
            os.write(2, written)


def _flush() -> None:
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.flush()
