"""Standard streams that are closed or cannot be written to, as under cron, in services or on full disks."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from typing import NoReturn, TextIO

from mnist_tui.cli.output import print_error

STDIN, STDOUT, STDERR = range(3)

_closed: set[int] = set()


class _Output(io.RawIOBase):
    """A standard stream that remembers why a write failed; a `forgiving` one ignores the failure."""

    def __init__(self, number: int, *, forgiving: bool = False) -> None:
        super().__init__()
        self._number = number
        self.forgiving = forgiving
        self.error: OSError | None = None

    def fileno(self) -> int:
        return self._number

    def isatty(self) -> bool:
        return os.isatty(self._number)

    def writable(self) -> bool:
        return True

    def write(self, content: object) -> int | None:
        view = memoryview(content)  # type: ignore[arg-type]
        try:
            if self._number in _closed:
                raise OSError(errno.EBADF, "standard output is closed")
            return os.write(self._number, view)
        except BlockingIOError:
            return None
        except OSError as error:
            self.error = error
            if self.forgiving:
                return view.nbytes
            raise


def prepare() -> None:
    """Reopen closed streams, and make writes to stderr never fail.

    A closed stdin reads as empty, a closed stderr discards everything, and a closed stdout fails on writing, like a
    full disk. Without this, the next file that is opened would become stdout.
    """
    for number in (STDIN, STDOUT, STDERR):
        if _is_closed(number):
            _closed.add(number)
            os.open(os.devnull, os.O_RDWR)  # uses the lowest free descriptor, which is this one
    if sys.stdin is None:
        sys.stdin = open(STDIN, closefd=False)  # noqa: SIM115 - it stays open to the end
    sys.stdout = _wrap(sys.stdout, _Output(STDOUT))
    sys.stderr = _wrap(sys.stderr, _Output(STDERR, forgiving=True))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Where the terminal's encoding lacks a character, it shows a question mark.
            stream.reconfigure(errors="replace")


def was_closed(number: int) -> bool:
    """Whether the process was started with this stream closed."""
    return number in _closed


def tolerate_closed_stdout() -> None:
    """Let a command that does more than print run although stdout was closed on purpose."""
    if STDOUT in _closed:
        discard_stdout()


def discard_stdout() -> None:
    """Discard the rest of the output, which would fail again at every later write."""
    raw = _raw_stdout()
    if raw is not None:
        raw.forgiving = True


def find_output_error() -> OSError | None:
    """The error because of which a part of the output was lost, or None."""
    try:
        sys.stdout.flush()
    except OSError as error:
        return error
    raw = _raw_stdout()
    return raw.error if raw is not None and not raw.forgiving else None


def exit_process(code: int) -> NoReturn:
    """End the process with this exit code, or with 1 if a part of the output was lost."""
    error = find_output_error()
    if error is not None:
        discard_stdout()
        if not isinstance(error, BrokenPipeError):  # otherwise the reader (head, less) has exited
            print_error(f"the output cannot be written: {error.strerror}")
        code = code or 1
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.flush()
    sys.exit(code)


def _is_closed(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return True
    return False


def _wrap(stream: TextIO | None, raw: _Output) -> TextIO:
    """The same stream over `raw`, or unchanged if a test has replaced it."""
    if stream is not None and stream not in (sys.__stdout__, sys.__stderr__):
        return stream
    is_terminal = raw.isatty()
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=stream.encoding if stream is not None else "utf-8",
        line_buffering=is_terminal or raw.forgiving,
        write_through=isinstance(stream, io.TextIOWrapper) and stream.write_through,
    )


def _raw_stdout() -> _Output | None:
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    return raw if isinstance(raw, _Output) else None
