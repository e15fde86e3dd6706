"""The program in a process that finds torch loaded: forked from a server, and else as if it had been started anew.

To import torch takes longer than all else that most processes of the tests do.
"""

from __future__ import annotations

import contextlib
import fcntl
import inspect
import multiprocessing
import os
import subprocess
import sys
import termios
from collections.abc import Mapping, Sequence
from multiprocessing import reduction
from pathlib import Path
from typing import Any

from tests.cli import easy_digits
from tests.trial_server import IS_POSSIBLE, begin_server

_EXECUTE = inspect.signature(subprocess.Popen._execute_child)  # type: ignore[attr-defined]


class WarmProcess(subprocess.Popen[str]):
    """`Popen` of the program's arguments, or of Python's where the first is `-c`.

    It knows `cwd`, `env`, `start_new_session`, and streams that are files.
    """

    def _execute_child(self, *given: Any) -> None:
        """In the place of fork and exec."""
        options = _EXECUTE.bind(self, *given).arguments
        pipes = [options[name] for name in ("p2cread", "c2pwrite", "errwrite")]
        begin_server()
        self._forked = multiprocessing.get_context("forkserver").Process(
            target=_be_program,
            args=(options["args"], dict(options["env"] or os.environ), str(options["cwd"] or Path.cwd())),
            kwargs={
                "streams": [_Handle(standard if pipe == -1 else pipe) for standard, pipe in enumerate(pipes)],
                "leads": options["start_new_session"],
            },
        )
        self._forked.start()
        assert self._forked.pid is not None
        self.pid = self._forked.pid
        self._child_created = True
        self._close_pipe_fds(  # type: ignore[attr-defined]
            *(options[name] for name in ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite"))
        )

    def _internal_poll(self, *_given: Any, **_named: Any) -> int | None:
        if self.returncode is None:
            self.returncode = self._forked.exitcode
        return self.returncode

    def _wait(self, timeout: float | None) -> int:
        self._forked.join(timeout)
        code = self._internal_poll()
        if code is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        return code


def python(code: str, *arguments: str, **options: Any) -> subprocess.Popen[str]:
    """`python -c code arguments`, where it does not matter what has been imported before."""
    words = ["-c", code, *arguments]
    if IS_POSSIBLE:
        return WarmProcess(words, **options)
    return subprocess.Popen([sys.executable, *words], **options)


class _Handle:
    """An open file on its way to the process."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __reduce__(self) -> tuple[Any, ...]:
        return _receive_handle, (reduction.DupFd(self.number),)


def _receive_handle(sent: Any) -> int:
    number: int = sent.detach()
    return number


def _be_program(
    arguments: Sequence[str], environment: Mapping[str, str], folder: str, *, streams: list[int], leads: bool
) -> None:
    """What a shell and an interpreter do before the program begins."""
    for standard, number in enumerate(streams):
        os.dup2(number, standard)
        os.close(number)
    if leads:
        os.setsid()
        with contextlib.suppress(OSError):  # it is no terminal
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    _open_streams()
    sys.modules["mnist_tui.data.synthetic"] = easy_digits.module()
    if arguments[0] == "-c":
        sys.argv = ["-c", *arguments[2:]]
        sys.path[:0] = environment.get("PYTHONPATH", "").split(os.pathsep)
        exec(compile(arguments[1], "<string>", "exec"), {"__name__": "__main__"})
        return
    sys.argv = ["mnist-tui", *arguments]
    from mnist_tui.cli import main

    main()


def _open_streams() -> None:
    """As an interpreter has them."""
    encoding = os.environ.get("PYTHONIOENCODING") or None
    sys.stdin = sys.__stdin__ = open(0, encoding=encoding, closefd=False)  # noqa: SIM115 - as long as it lives
    for number, name, errors in ((1, "stdout", "strict"), (2, "stderr", "backslashreplace")):
        stream = open(number, "w", encoding=encoding, errors=errors, closefd=False)  # noqa: SIM115
        stream.reconfigure(line_buffering=number == 2 or stream.isatty())
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
