"""A program run to its end: watched, limited, and never left behind."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from mnist_tui.errors import Interrupted

POLL = 0.1
"""Seconds between two looks at whether somebody wants to stop."""

KEPT_OUTPUT = 256 * 1024
"""Bytes of output that are kept: the first ones, because the first error explains the others."""

_LONGEST_LINE = 200
_ERROR = re.compile(r"error|cannot find|undefined reference", re.IGNORECASE)


class Outcome(NamedTuple):
    """How a program ended."""

    status: int
    """Its exit status; the negative number of the signal that ended it."""
    output: str
    """What it wrote to stdout and stderr together, cut off after `KEPT_OUTPUT` bytes."""

    @property
    def explanation(self) -> str:
        """The first line that speaks of an error, else the first one; fit for a screen whatever is in it."""
        lines = ["".join(c if c.isprintable() else " " for c in line) for line in self.output.splitlines()]
        lines = [line.strip() for line in lines if line.strip()]
        for line in [*filter(_ERROR.search, lines), *lines]:
            return line[:_LONGEST_LINE]
        if self.status < 0:
            return f"it was ended by signal {-self.status} ({signal.strsignal(-self.status)})"
        return f"it ended with exit status {self.status}"


def run(
    command: Sequence[str],
    *,
    time_limit: float,
    stopped: Callable[[], bool],
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Outcome:
    """Run `command` in `folder` (else here), without input, with `environment` beside this process's own.

    It gets a session of its own: a Ctrl+C in the terminal reaches this process alone, which then ends the
    program with all that it started, as it does after `time_limit` seconds. Raises OSError when it cannot be
    started, subprocess.TimeoutExpired, and Interrupted once `stopped` says so.
    """
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    reader = _Reader(process.stdout)
    try:
        status = _wait(process, time_limit, stopped)
    finally:
        if process.poll() is None:  # not reaped yet, so that its number can be nobody else's
            with contextlib.suppress(ProcessLookupError, PermissionError):  # what macOS says of the dead
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        # Something that it left in the background may keep the pipe open; the program itself is done.
        reader.join(timeout=1.0)
    return Outcome(status, reader.text())


def _wait(process: subprocess.Popen[bytes], time_limit: float, stopped: Callable[[], bool]) -> int:
    deadline = time.monotonic() + time_limit
    while not stopped():
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(timeout=POLL)
        if time.monotonic() > deadline:
            raise subprocess.TimeoutExpired(process.args, time_limit)
    raise Interrupted("asked to stop, while compiling")


class _Reader(threading.Thread):
    """Empties a pipe, so that the program at its other end never waits, and keeps the beginning."""

    def __init__(self, pipe: IO[bytes] | None) -> None:
        super().__init__(name="output", daemon=True)
        assert pipe is not None  # Popen was asked for one
        self._pipe = pipe
        self._kept = bytearray()
        self.start()

    def run(self) -> None:
        with self._pipe:
            while chunk := os.read(self._pipe.fileno(), 65536):
                self._kept += chunk[: KEPT_OUTPUT - len(self._kept)]

    def text(self) -> str:
        """What has been read so far."""
        return bytes(self._kept).decode(errors="replace")
