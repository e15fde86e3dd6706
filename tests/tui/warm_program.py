"""The program in terminals, without its start: a process that has imported everything is forked for each.

`begin` takes the place of `dashboard_terminal.begin`. What is about the start itself needs a cold process.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import threading
from collections.abc import Mapping
from pathlib import Path

# Not the synthetic digits, in whose place tests put easy ones.
_IMPORTED = (
    "mnist_tui.cli.app",
    "mnist_tui.training.run_training",
    "mnist_tui.tui.app",
    "mnist_tui.tui.screens.draw",
    "mnist_tui.tui.screens.runs",
    "textual.drivers.linux_driver",
)
_PART = 1 << 16


class WarmProcess:
    """A forked program, as `subprocess.Popen` has its processes."""

    def __init__(self, pipe: socket.socket) -> None:
        self._messages = pipe.makefile("r")
        self.pid = int(self._messages.readline())
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it goes on."""
        if self.returncode is None and select.select([self._messages], [], [], 0)[0]:
            self.wait()
        return self.returncode

    def wait(self) -> int:
        """Until it has ended."""
        if self.returncode is None:
            self.returncode = int(self._messages.readline())
            self._messages.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """As long as it is there."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """At once."""
        self.send_signal(signal.SIGKILL)


class WarmProgram:
    """The process that is forked."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(theirs.fileno())],
                env={**environment},
                cwd=tempfile.gettempdir(),
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    def begin(self, arguments: list[str], environment: Mapping[str, str], folder: Path, tty: int) -> WarmProcess:
        """`python ARGUMENTS` in that terminal."""
        order = {"arguments": arguments, "environment": {**environment}, "folder": str(folder)}
        ours, theirs = socket.socketpair()
        with ours, theirs:
            socket.send_fds(self._control, [json.dumps(order).encode(), b"\n"], [tty, theirs.fileno()])
            theirs.close()
            return WarmProcess(ours)

    def close(self) -> None:
        """No more programs; those that there are end first."""
        self._control.close()
        self._process.wait()


@functools.cache
def _program() -> WarmProgram:
    from tests.tui.dashboard_terminal import environment

    return WarmProgram(environment(Path(tempfile.gettempdir())))


def begin(arguments: list[str], environment: Mapping[str, str], folder: Path, tty: int) -> WarmProcess:
    """`python ARGUMENTS` in that terminal, by the one process of these tests."""
    return _program().begin(arguments, environment, folder, tty)


def close() -> None:
    """After the last test."""
    if _program.cache_info().currsize:
        _program().close()
        _program.cache_clear()


def _serve(control: socket.socket) -> None:
    """Fork for each order; returns in the forked process, as what was ordered, and never in this one."""
    for name in _IMPORTED:
        importlib.import_module(name)
    assert threading.active_count() == 1, "a fork would lose the other threads"
    assert "mnist_tui.data.synthetic" not in sys.modules, "the easy digits would have no place"
    gc.collect()
    gc.freeze()
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, _PART, 2)
        if not message:
            break
        while not message.endswith(b"\n"):
            message += control.recv(_PART)
        if os.fork() == 0:
            control.close()
            if _is_the_program(*descriptors):
                return _run(**json.loads(message))
        for descriptor in descriptors:
            os.close(descriptor)
        _bury(os.WNOHANG)
    _bury()
    os._exit(0)


def _bury(options: int = 0) -> None:
    """Children that have ended; without options all of them, once they have."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, options)[0]:
            pass


def _is_the_program(tty: int, pipe: int) -> bool:
    """Fork once more: the first process tells of the second, and does not return."""
    pid = os.fork()
    if pid == 0:
        os.close(pipe)
        os.setsid()
        fcntl.ioctl(tty, termios.TIOCSCTTY, 0)
        for descriptor in (0, 1, 2):
            os.dup2(tty, descriptor)
        os.close(tty)
        return True
    os.close(tty)
    os.write(pipe, b"%d\n" % pid)
    _, status = os.waitpid(pid, 0)
    os.write(pipe, b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def _run(arguments: list[str], environment: dict[str, str], folder: str) -> None:
    """As the interpreter would be begun."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.stdin = sys.__stdin__ = open(0)  # type: ignore[misc]  # noqa: SIM115 - as long as the process
    sys.stdout = sys.__stdout__ = open(1, "w", buffering=1)  # type: ignore[misc]  # noqa: SIM115
    sys.stderr = sys.__stderr__ = open(2, "w", buffering=1, errors="backslashreplace")  # type: ignore[misc]  # noqa: SIM115
    if arguments[0] == "-m":
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = arguments
        runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
