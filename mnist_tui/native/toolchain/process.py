"""Programs run to their end: watched, limited, and never left behind."""

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
from mnist_tui.native.toolchain.watchdog import Watcher

POLL = 0.1
"""Seconds between two looks at whether somebody wants to stop."""

KEPT_OUTPUT = 256 * 1024
"""Bytes of output that are kept: the first ones, because the first error explains the others."""

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
        """The first line that speaks of an error, else the first one; fit for a screen whatever is in it."""
        lines = ["".join(c if c.isprintable() else " " for c in line) for line in self.output.splitlines()]
        lines = [line.strip() for line in lines if line.strip()]
        for line in [*filter(_ERROR.search, lines), *lines]:
            return line[:_LONGEST_LINE]
        if self.status < 0:
            return f"it was ended by signal {-self.status} ({signal.strsignal(-self.status)})"
        return f"it ended with exit status {self.status}"


class ProcessFailedError(NamedTuple):
    """A program that came to its end."""

    command: Sequence[str]
    outcome: ProcessResult


def run(
    command: Sequence[str],
    *,
    time_limit: float,
    should_stop: Callable[[], bool],
    workspace: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> ProcessResult:
    """As `run_all` does it, one program."""
    ended = run_all(
        [command],
        at_once=1,
        time_limit=time_limit,
        should_stop=should_stop,
        workspace=workspace,
        environment=environment,
    )
    return ended.outcome


def run_all(
    commands: Sequence[Sequence[str]],
    *,
    at_once: int,
    time_limit: float,
    should_stop: Callable[[], bool],
    workspace: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> ProcessFailedError:
    """Run `commands`, a number of them at once, and return the first that fails, or the last if none does.

    Each runs without input, with `environment` beside this process's own, and in a session of its own: a Ctrl+C in
    the terminal reaches this process alone, which then ends the programs with all that they started, as it does after
    `time_limit` seconds for all together, and with the others when one fails. Those in a `workspace`, a folder that
    holds nothing but what they write, end with this process and that folder even when this process is killed. Raises
    OSError when one cannot be started, subprocess.TimeoutExpired, and Interrupted once `should_stop` says so.
    """
    variables = {**os.environ, **(environment or {})}
    if workspace is None:
        return _run_all(commands, at_once, time_limit, should_stop, None, variables, lambda group: None)
    with Watcher(workspace) as watcher:
        return _run_all(commands, at_once, time_limit, should_stop, workspace, variables, watcher.watch)


def _run_all(
    commands: Sequence[Sequence[str]],
    at_once: int,
    time_limit: float,
    should_stop: Callable[[], bool],
    folder: Path | None,
    variables: Mapping[str, str],
    watch: Callable[[int], None],
) -> ProcessFailedError:
    over: SimpleQueue[_Program] = SimpleQueue()
    programs = [_Program(command, folder, variables, over, watch) for command in commands]
    waiting, running = deque(programs), 0
    deadline = time.monotonic() + time_limit
    try:
        while waiting or running:
            if should_stop():
                raise Interrupted("asked to stop, while compiling")
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(commands[0], time_limit)
            while waiting and running < at_once:
                waiting.popleft().start()
                running += 1
            program = _next_of(over)
            if program is not None:
                running -= 1
                if program.result().status != 0:
                    return ProcessFailedError(program.command, program.result())
    finally:
        _end(programs)
    return ProcessFailedError(programs[-1].command, programs[-1].result())


def _next_of(over: SimpleQueue[_Program]) -> _Program | None:
    """The next program that has ended, if one does before it is time to look around."""
    with contextlib.suppress(Empty):
        return over.get(timeout=POLL)
    return None


def _end(programs: Sequence[_Program]) -> None:
    """Those that have not ended; all at once, and then they are gone."""
    for program in programs:
        program.unwanted.set()
    for program in programs:
        # Not join(): in Python 3.11, one that a Ctrl+C has cut short takes the thread for ended.
        if program.ident is not None:
            program.ended.wait()


class _Program(threading.Thread):
    """Starts a program, empties its pipe, and ends it once it is unwanted.

    In a thread, because the exception of a Ctrl+C can come to the main thread at any moment, also between the
    start of a process and the variable that would hold it.
    """

    def __init__(
        self,
        command: Sequence[str],
        folder: Path | None,
        environment: Mapping[str, str],
        over: SimpleQueue[_Program],
        watch: Callable[[int], None],
    ) -> None:
        """It puts itself into `over` when it has ended, and passes its process group to `watch` when it has started."""
        super().__init__(name="compiler")
        self.command = command
        self._folder, self._environment, self._over, self._watch = folder, environment, over, watch
        self.unwanted = threading.Event()
        self.ended = threading.Event()
        self.output = bytearray()
        self.status = -signal.SIGKILL  # unless it lives to tell another
        self.refusal: OSError | None = None

    def run(self) -> None:
        try:
            process = self._start()
            self._watch(process.pid)
            self._follow(process)
        except OSError as error:
            self.refusal = error
        finally:
            self.ended.set()
            self._over.put(self)

    def result(self) -> ProcessResult:
        """Of one that has ended. Raises OSError when it could not be started."""
        if self.refusal is not None:
            raise self.refusal
        return ProcessResult(self.status, self.output.decode(errors="replace"))

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.command,
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
