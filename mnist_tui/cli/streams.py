"""The standard streams as cron jobs, services and full disks leave them: closed, or impossible to write to."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from typing import NoReturn, TextIO

from mnist_tui.cli.output import complain, discard

STDIN, STDOUT, STDERR = range(3)

_closed: set[int] = set()


def prepare() -> None:
    """Open what is closed, and let what is said on stderr never be the reason that a command fails.

    A closed stdin is at its end, a closed stderr swallows all, and a closed stdout cannot be written to, as a full
    disk cannot. Without this the next file that is opened would be stdout.
    """
    for number in (STDIN, STDOUT, STDERR):
        if _is_closed(number):
            _closed.add(number)
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free, which is this one
    if sys.stdin is None:
        sys.stdin = open(STDIN, closefd=False)  # noqa: SIM115 - it stays open to the end
    if sys.stdout is None:
        sys.stdout = _text(_ClosedOutput())
    if sys.stderr is None or sys.stderr is sys.__stderr__:
        encoding = "utf-8" if sys.stderr is None else sys.stderr.encoding
        sys.stderr = _text(_BestEffort(), encoding, write_through=True)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Where the terminal's encoding lacks a character, it shows a question mark.
            stream.reconfigure(errors="replace")


def was_closed(number: int) -> bool:
    """Whether the process was started with this stream closed."""
    return number in _closed


def do_without_stdout() -> None:
    """Let a command whose result is more than its output go on although stdout was closed on purpose."""
    if STDOUT in _closed:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 - it stays open to the end


def lost_output() -> OSError | None:
    """Why stdout cannot be written to, if it cannot: what a failed write left is tried once more."""
    try:
        sys.stdout.flush()
    except OSError as error:
        return error
    return None


def leave(code: int) -> NoReturn:
    """End the process with this exit code, or with 1 where stdout lost what was to be said."""
    error = lost_output()
    if error is not None:
        discard(STDOUT)
        if not isinstance(error, BrokenPipeError):  # else the reader (head, less) has gone
            complain(f"the output cannot be written: {error.strerror}")
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


def _text(raw: io.RawIOBase, encoding: str = "utf-8", *, write_through: bool = False) -> TextIO:
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding, line_buffering=True, write_through=write_through
    )


class _ClosedOutput(io.RawIOBase):
    """What a closed stdout is: no byte can be written to it."""

    def fileno(self) -> int:
        return STDOUT

    def writable(self) -> bool:
        return True

    def write(self, content: object) -> int:
        raise OSError(errno.EBADF, "standard output is closed")


class _BestEffort(io.RawIOBase):
    """Standard error, as far as it can be written to."""

    def fileno(self) -> int:
        return STDERR

    def isatty(self) -> bool:
        return os.isatty(STDERR)

    def writable(self) -> bool:
        return True

    def write(self, content: object) -> int:
        view = memoryview(content)  # type: ignore[arg-type]
        try:
            return os.write(STDERR, view)
        except OSError:
            return view.nbytes
