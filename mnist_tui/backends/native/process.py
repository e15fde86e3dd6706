"""A program run to its end: watched, limited, and never left behind."""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from mnist_tui.errors import Interrupted

POLL = 0.1
"""Seconds between two looks at whether somebody wants to stop."""

KEPT_OUTPUT = 256 * 1024
"""Bytes of output that are kept: the first ones, because the first error explains the others."""

_PIPE = 65536  # bytes that a pipe holds at most
_LONGEST_LINE = 200
_ERROR = re.compile(r"error|failed|cannot|undefined", re.IGNORECASE)


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
    program = _Program(command, folder, {**os.environ, **(environment or {})})
    deadline = time.monotonic() + time_limit
    try:
        program.start()
        # Not join(timeout): in Python 3.11, one that a Ctrl+C has cut short takes the thread for ended.
        while not program.ended.wait(POLL):
            if stopped():
                raise Interrupted("asked to stop, while compiling")
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(command, time_limit)
    finally:
        program.unwanted.set()
        if program.ident is not None:
            program.ended.wait()
    if program.refusal is not None:
        raise program.refusal
    return Outcome(program.status, program.output.decode(errors="replace"))


class _Program(threading.Thread):
    """Starts a program, empties its pipe, and ends it once it is unwanted.

    In a thread, because the exception of a Ctrl+C can come to the main thread at any moment, also between the
    start of a process and the variable that would hold it.
    """

    def __init__(self, command: Sequence[str], folder: Path | None, environment: Mapping[str, str]) -> None:
        super().__init__(name="compiler")
        self._command, self._folder, self._environment = command, folder, environment
        self.unwanted = threading.Event()
        self.ended = threading.Event()
        self.output = bytearray()
        self.status = -signal.SIGKILL  # unless it lives to tell another
        self.refusal: OSError | None = None

    def run(self) -> None:
        try:
            self._follow(self._start())
        except OSError as error:
            self.refusal = error
        finally:
            self.ended.set()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command,
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def _follow(self, process: subprocess.Popen[bytes]) -> None:
        self._read(process)
        self._wait(process)
        if process.poll() is None:  # not reaped yet, so that its number can be nobody else's
            with contextlib.suppress(ProcessLookupError, PermissionError):  # what macOS says of the dead
                os.killpg(process.pid, signal.SIGKILL)
        self.status = process.wait()

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        """Until the pipe's end or the program's: something that it left behind may keep the pipe open."""
        assert process.stdout is not None  # Popen was asked for it
        with process.stdout as pipe, selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            while not self.unwanted.is_set():
                over = process.poll() is not None  # asked before the last look: nothing it wrote is missed
                if selector.select(0.0 if over else POLL):
                    chunk = os.read(pipe.fileno(), _PIPE)
                    self.output += chunk[: KEPT_OUTPUT - len(self.output)]
                    over = over or not chunk
                if over:
                    return

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        while not self.unwanted.is_set():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=POLL)
                return
