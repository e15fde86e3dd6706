"""What runs in the process of one trial: a job that sends its events through a pipe and stops when asked to.

If the other end of the pipe is gone, however that happened, the run stops with a checkpoint, so that no trial outlives
its sweep.
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

TrialJob = Callable[[Control, Report], Any]


def run_job(pipe: Connection, job: TrialJob, errors: Path) -> None:
    """Run `job`; its last event says how it ended, RunFailed if it raised."""
    control = Control()
    _install_signal_handlers(control)
    _redirect_output(errors)
    threading.Thread(target=_listen_for_stop, args=(pipe, control), daemon=True).start()

    def send(event: Event) -> None:
        # A sweep does not show batch losses, and the run's log has them.
        sent = dataclasses.replace(event, batch_losses=()) if isinstance(event, Progress) else event
        with contextlib.suppress(OSError):  # then `_listen_for_stop` knows it too
            pipe.send(sent)

    try:
        job(control, send)
    except Interrupted:
        send(RunStopped(epoch=0, step=0, reason=control.stop_reason))
    except Exception as error:
        failure = RunFailed.from_error(error)
        sys.stderr.write(failure.traceback)
        send(failure)


def _listen_for_stop(pipe: Connection, control: Control) -> None:
    """Wait for a reason to stop, or for the end of the process that could send one."""
    try:
        reason = pipe.recv()
    except (EOFError, OSError):
        reason = "the sweep has gone"
    control.stop(reason)


def _install_signal_handlers(control: Control) -> None:
    """Ctrl+C and a closed terminal reach the sweep as well, which decides; SIGTERM is for this process."""
    for name in ("SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: control.stop("terminated"))


def _redirect_output(errors: Path) -> None:
    """The terminal belongs to the sweep: the output of libraries goes to a file, or is discarded."""
    try:
        log = regular_file.open_descriptor(errors, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    except OSError:
        log = os.open(os.devnull, os.O_WRONLY)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
