"""What runs in the process of one trial: a job that tells its events through a pipe and stops when asked to.

The pipe is also what ties it to the sweep: when its other end is gone, however that came, the run stops with a
checkpoint. So nothing goes on training that nobody asks for.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from mnist_tui.errors import Interrupted
from mnist_tui.events import Event, Progress, Report, RunFailed, RunStopped
from mnist_tui.system import regular_file
from mnist_tui.training.control import Control

Job = Callable[[Control, Report], Any]


def work(pipe: Connection, job: Job, errors: Path) -> None:
    """Run `job`; its last event, RunFailed where it raised, says how it ended."""
    control = Control()
    _install_signal_handlers(control)
    _redirect_output(errors)
    threading.Thread(target=_listen_for_stop, args=(pipe, control), daemon=True).start()

    def tell(event: Event) -> None:
        # Nobody draws a sweep's batch losses, and the run's log has them.
        told = dataclasses.replace(event, batch_losses=()) if isinstance(event, Progress) else event
        with contextlib.suppress(OSError):  # then `_listen_for_stop` knows it too
            pipe.send(told)

    try:
        job(control, tell)
    except Interrupted:
        tell(RunStopped(epoch=0, step=0, reason=control.stop_reason))
    except Exception as error:
        failure = RunFailed.from_error(error)
        sys.stderr.write(failure.traceback)
        tell(failure)


def _listen_for_stop(pipe: Connection, control: Control) -> None:
    """Wait for a reason to stop, or for the end of whoever could send one."""
    try:
        reason = pipe.recv()
    except (EOFError, OSError):
        reason = "the sweep has gone"
    control.stop(reason)


def _install_signal_handlers(control: Control) -> None:
    """Ctrl+C and a closed terminal reach the sweep as well, which decides; a termination is for this process."""
    for name in ("SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: control.stop("terminated"))


def _redirect_output(errors: Path) -> None:
    """The terminal belongs to the sweep: output of libraries goes into a file, or is discarded."""
    try:
        log = regular_file.open_descriptor(errors, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    except OSError:
        log = os.open(os.devnull, os.O_WRONLY)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
