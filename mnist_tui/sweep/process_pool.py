"""A pool of processes, one per job: quick to start, stopped through a pipe."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import sys
import threading
from collections.abc import Iterator
from multiprocessing import connection, forkserver
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from mnist_tui.events import Event
from mnist_tui.sweep.worker import TrialJob, run_job

# On Linux a server process that has loaded torch forks one for each trial, in milliseconds and sharing its
# memory. It has started no thread that computes and opened no device. Elsewhere forking is not safe.
_METHOD = "forkserver" if sys.platform == "linux" else "spawn"


class Worker:
    """One process, with our end of its pipe."""

    def __init__(self, process: BaseProcess, pipe: Connection) -> None:
        self.process, self.pipe = process, pipe
        self._is_stopping = False

    def stop(self, reason: str) -> None:
        """Ask it to save a checkpoint and end, without waiting. The first reason counts."""
        if not self._is_stopping:
            self._is_stopping = True
            with contextlib.suppress(OSError):  # it has ended already
                self.pipe.send(reason)

    @property
    def exit_reason(self) -> str:
        """How the process ended, in words."""
        code = self.process.exitcode
        if code is None or code >= 0:
            return f"its process ended with exit code {code}"
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        return f"its process was ended by {name}"


class ProcessPool:
    """A context manager: at its end, processes that are still running are stopped and waited for."""

    def __init__(self, errors: Path) -> None:
        """`errors` is the file for what libraries write to standard output and standard error."""
        self._errors = errors
        self._context: Any = multiprocessing.get_context(_METHOD)
        if _METHOD == "forkserver":
            self._context.set_forkserver_preload(["mnist_tui.training.run_training"])
            with _ignore_signals_in_children():
                forkserver.ensure_running()
        self._workers: dict[Connection, Worker] = {}

    def __enter__(self) -> ProcessPool:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop("the sweep has ended")
        while self._workers:
            for _ in self.wait(None):
                pass

    def __len__(self) -> int:
        return len(self._workers)

    def start(self, job: TrialJob) -> Worker:
        """Start `job` in a process of its own."""
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=run_job, args=(theirs, job, self._errors), daemon=True)
        process.start()
        theirs.close()  # or the end of the process would not end the pipe
        worker = self._workers[ours] = Worker(process, ours)
        return worker

    def stop(self, reason: str) -> None:
        for worker in self._workers.values():
            worker.stop(reason)

    def wait(self, seconds: float | None) -> Iterator[tuple[Worker, Event | None]]:
        """Wait up to `seconds` for the first event, and yield all that are there; None for a process that has ended."""
        for pipe in connection.wait(list(self._workers), seconds):
            assert isinstance(pipe, Connection)
            worker = self._workers[pipe]
            try:
                event = pipe.recv()
            except (EOFError, OSError):
                del self._workers[pipe]
                worker.process.join()
                pipe.close()
                event = None
            yield worker, event


@contextlib.contextmanager
def _ignore_signals_in_children() -> Iterator[None]:
    """Ctrl+C while the server loads torch would end it with a traceback; new processes inherit what is ignored."""
    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGHUP") if hasattr(signal, name)]
    if threading.current_thread() is not threading.main_thread():
        numbers = []  # where signal handlers cannot be set
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)
