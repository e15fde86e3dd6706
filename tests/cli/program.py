"""The program as a process of its own: with pipes, or in a terminal of a chosen size."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.cells import cell_len

import mnist_tui
from tests import trial_server
from tests.cli import easy_digits
from tests.cli.warm import WarmProcess
from tests.patience import PATIENCE, wait_until

# A run with the easy digits: two epochs, over in a blink.
QUICK = (
    "train",
    "--headless",
    "--dataset",
    "synthetic",
    "--model",
    "linear",
    "--backend",
    "eager",
    "--train-limit",
    "200",
    "--epochs",
    "2",
)
# One that a signal can hit after its first epoch, and whose rest is not worth waiting for.
LONG = (
    "train",
    "--headless",
    "--dataset",
    "synthetic",
    "--model",
    "linear",
    "--backend",
    "eager",
    "--train-limit",
    "4000",
    "--epochs",
    "300",
)

Streams = Mapping[str, Any]
"""`stdout` or `stderr` where it shall be no pipe."""

_CODES = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|\][^\x07]*\x07)")


def command(*arguments: str, easy: bool = True) -> list[str]:
    """How to start the program, by default with the easy digits in the place of the synthetic ones."""
    start = [easy_digits.__file__] if easy else ["-m", "mnist_tui"]
    return [sys.executable, *start, *arguments]


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's, in which the package under test comes first."""
    root = Path(mnist_tui.__file__).parents[1]
    return {**os.environ, "PYTHONPATH": str(root), **(extra or {})}


def process(*arguments: str, easy: bool = True, warm: bool = True, **options: Any) -> subprocess.Popen[str]:
    """Begin it: with torch loaded already, unless a test is about how it starts, or about processes that it starts."""
    if warm and easy and trial_server.IS_POSSIBLE:
        return WarmProcess(arguments, **options)
    if options.get("start_new_session"):
        options["preexec_fn"] = lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    return subprocess.Popen(command(*arguments, easy=easy), **options)


def run(
    *arguments: str, easy: bool = True, warm: bool = True, streams: Streams | None = None, **extra: str
) -> subprocess.CompletedProcess[str]:
    """To its end, with pipes. `extra` goes into the environment."""
    with start(*arguments, easy=easy, warm=warm, streams=streams, **extra) as started:
        out, err = started.process.communicate(timeout=PATIENCE)
        return subprocess.CompletedProcess(arguments, started.process.returncode, out, err)


@dataclass
class RunningProgram:
    """A process that is still going, and a signal's effect on it."""

    process: subprocess.Popen[str]

    def wait_for(self, text: str, stream: str = "stdout") -> None:
        """Until a line with `text` came."""
        pipe = getattr(self.process, stream)
        for line in pipe:
            if text in line:
                return
        raise AssertionError(f"{text!r} never came; stderr: {self.process.communicate()[1]}")

    def wait_until(self, true: Callable[[int], bool]) -> None:
        """Until `true` of the process's number."""
        wait_until(lambda: true(self.process.pid) or self.process.poll() is not None)
        assert self.process.poll() is None, self.process.communicate()[1]

    def signal(self, number: signal.Signals) -> tuple[int, float, str, str]:
        """Send it; the exit code, the seconds until the process was gone, and the rest of stdout and stderr."""
        started_at = time.monotonic()
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, time.monotonic() - started_at, out, err

    def wait_for_exit(self, seconds: float) -> None:
        """Raises TimeoutError when it is not."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired as expired:
            raise TimeoutError from expired

    def __enter__(self) -> RunningProgram:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


def start(
    *arguments: str, easy: bool = True, warm: bool = True, streams: Streams | None = None, **extra: str
) -> RunningProgram:
    """With pipes, without waiting for it."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **(streams or {})}
    return RunningProgram(process(*arguments, easy=easy, warm=warm, env=environment(extra), **options))


@dataclass(frozen=True)
class Screen:
    """All that a terminal was sent, and how the process ended."""

    raw: str
    code: int

    @property
    def text(self) -> str:
        """Without control codes."""
        return _CODES.sub("", self.raw)

    @property
    def widest(self) -> int:
        """Columns of the longest line that was drawn; those to copy from, at the end, are left to the terminal."""
        drawn, _, _ = self.text.partition("Run saved in")
        return max(cell_len(line) for line in re.split(r"[\r\n]+", drawn))

    @property
    def cursor_is_visible(self) -> bool:
        return self.raw.rfind("\x1b[?25h") >= self.raw.rfind("\x1b[?25l")


def in_terminal(
    *arguments: str,
    columns: int = 80,
    rows: int = 24,
    interrupt_at: str = "",
    hang_up_at: str = "",
    answer_at: str = "",
    answer: bytes = b"",
    warm: bool = True,
    **extra: str,
) -> Screen:
    """Run in a pseudo-terminal: Ctrl+C is pressed, its window closed or `answer` typed once a text has appeared."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    env = {"TERM": "xterm-256color", **extra}
    started = process(
        *arguments,
        warm=warm,
        env={key: value for key, value in environment(env).items() if key not in ("COLUMNS", "LINES")},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    raw = b""
    try:
        while chunk := _read(ours):
            raw += chunk
            if interrupt_at and interrupt_at.encode() in raw:
                interrupt_at = ""
                os.write(ours, b"\x03")
            if answer_at and answer_at.encode() in raw:
                answer_at = ""
                os.write(ours, answer)
            if hang_up_at and hang_up_at.encode() in raw:
                break
        if hang_up_at:
            os.close(ours)
        code = started.wait(timeout=PATIENCE)
    finally:
        started.kill()
        started.wait()
        if not hang_up_at:
            os.close(ours)
    return Screen(raw.decode(), code)


def _read(terminal: int) -> bytes:
    """What the terminal has, empty once everybody has closed it (which Linux reports as an error)."""
    ready, _, _ = select.select([terminal], [], [], PATIENCE)
    assert ready, "the program has been silent for too long"
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""
