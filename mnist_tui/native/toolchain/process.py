"""Running programs with a time limit, such that none is left behind."""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import NamedTuple

from mnist_tui.errors import Interrupted
from mnist_tui.native.toolchain.watchdog import Watchdog

POLL = 0.1
"""Seconds between two calls of `should_stop`."""

KEPT_OUTPUT = 256 * 1024
"""Bytes of output that are kept: the first ones, as the first error explains the others."""

_PIPE = 65536  # bytes that a pipe holds at most
_LONGEST_LINE = 200
_ERROR = re.compile(r"error|failed|cannot|undefined|multiple definition|duplicate symbol", re.IGNORECASE)


class ProcessResult(NamedTuple):
    """How a program ended."""

    status: int
    """Its exit status; the negative number of the signal that ended it."""
    output: str
    """What it wrote to stdout and stderr together, cut off after `KEPT_OUTPUT` bytes."""

    @property
    def explanation(self) -> str:
        """The first line with an error, else the first line, without control characters and shortened."""
        lines = ["".join(c if c.isprintable() else " " for c in line) for line in self.output.splitlines()]
        lines = [line.strip() for line in lines if line.strip()]
        for line in [*filter(_ERROR.search, lines), *lines]:
            return line[:_LONGEST_LINE]
        if self.status < 0:
            return f"it was ended by signal {-self.status} ({signal.strsignal(-self.status)})"
        return f"it ended with exit status {self.status}"


class FinishedProcess(NamedTuple):
    """A program that has ended."""

    command: Sequence[str]
    result: ProcessResult


def run_all(
    commands: Sequence[Sequence[str]],
    *,
    at_once: int = 1,
    time_limit: float,
    should_stop: Callable[[], bool],
    workspace: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> FinishedProcess:
    """Run `commands`, up to `at_once` at a time, and return the first that fails, or the last if none does.

    Each runs without input, with `environment` added to this process's own, and in a session of its own: Ctrl+C in
    the terminal reaches this process alone, which then ends the programs and all that they started. So it does after
    `time_limit` seconds for all together, and when one program fails. With a `workspace`, a folder that holds only
    what the programs write, they end and the folder is deleted even if this process is killed. Raises OSError if a
    program cannot be started, subprocess.TimeoutExpired, and Interrupted once `should_stop` returns true.
    """
    variables = {**os.environ, **(environment or {})}
    ended: SimpleQueue[_Program] = SimpleQueue()
    deadline = time.monotonic() + time_limit
    with contextlib.ExitStack() as stack:
        start = _start if workspace is None else stack.enter_context(Watchdog(workspace)).start
        programs = [_Program(command, variables, ended, start) for command in commands]
        stack.callback(_end, programs)
        waiting, running = deque(programs), 0
        while waiting or running:
            if should_stop():
                raise Interrupted("asked to stop, while compiling")
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(commands[0], time_limit)
            while waiting and running < at_once:
                waiting.popleft().start()
                running += 1
            program = _wait_for_next(ended)
            if program is not None:
                running -= 1
                if program.result().status != 0:
                    return FinishedProcess(program.command, program.result())
    return FinishedProcess(programs[-1].command, programs[-1].result())


_Start = Callable[[Sequence[str], Mapping[str, str]], subprocess.Popen[bytes]]
"""Starts a command with these environment variables, as `_start` does."""


def _start(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def _wait_for_next(ended: SimpleQueue[_Program]) -> _Program | None:
    """The next program that ends, or None after `POLL` seconds."""
    with contextlib.suppress(Empty):
        return ended.get(timeout=POLL)
    return None


def _end(programs: Sequence[_Program]) -> None:
    """End all that still run, and wait until they are gone."""
    for program in programs:
        program.cancelled.set()
    for program in programs:
        # Not join(): in Python 3.11, one that a Ctrl+C has cut short takes the thread for ended.
        if program.ident is not None:
            program.ended.wait()


class _Program(threading.Thread):
    """Starts a program, reads its output, and ends it once it is cancelled.

    In a thread, because the exception of a Ctrl+C can come to the main thread at any moment, also between the
    start of a process and the variable that would hold it.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        ended: SimpleQueue[_Program],
        start: _Start,
    ) -> None:
        """Puts itself into `ended` when it has ended."""
        super().__init__(name="compiler")
        self.command = command
        self._environment, self._queue, self._start = environment, ended, start
        self.cancelled = threading.Event()
        self.ended = threading.Event()
        self.output = bytearray()
        self.status = -signal.SIGKILL  # until the real one is known
        self.start_error: OSError | None = None

    def run(self) -> None:
        try:
            self._read_and_wait(self._start(self.command, self._environment))
        except OSError as error:
            self.start_error = error
        finally:
            self.ended.set()
            self._queue.put(self)

    def result(self) -> ProcessResult:
        """Of a program that has ended. Raises OSError if it could not be started."""
        if self.start_error is not None:
            raise self.start_error
        return ProcessResult(self.status, self.output.decode(errors="replace"))

    def _read_and_wait(self, process: subprocess.Popen[bytes]) -> None:
        self._read(process)
        self._wait(process)
        if process.poll() is None:  # not reaped yet, so that no other process can have its number
            with contextlib.suppress(ProcessLookupError, PermissionError):  # on macOS for a process that has ended
                os.killpg(process.pid, signal.SIGKILL)
        self.status = process.wait()

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        """Until the pipe's end or the program's: a process that it started may keep the pipe open."""
        assert process.stdout is not None  # Popen was asked for it
        with process.stdout as pipe, selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            while not self.cancelled.is_set():
                over = process.poll() is not None  # before the last read, which then misses nothing
                if selector.select(0.0 if over else POLL):
                    chunk = os.read(pipe.fileno(), _PIPE)
                    self.output += chunk[: KEPT_OUTPUT - len(self.output)]
                    over = over or not chunk
                if over:
                    return

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        while not self.cancelled.is_set():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=POLL)
                return
