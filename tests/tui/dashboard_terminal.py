"""The program in a pseudo-terminal of its own: keys go in, and the screen is what a person would see."""

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
from pathlib import Path
from typing import Any, Protocol

import pyte

import mnist_tui
from tests.patience import PATIENCE

_MODES = re.compile(rb"\x1b\[\?([0-9;]+)([hl])")
# Switched on by the dashboard, and expected to be off when it has gone; the cursor is the other way round.
_ALTERNATE_SCREEN, _CURSOR = 1049, 25
_REPORTS = (1000, 1003, 1004, 1006, 2004)


def homes(folder: Path) -> dict[str, str]:
    """Variables that keep what the program reads and writes in `folder`, but for compiled steps, which are shared."""
    own = {f"MNIST_TUI_{name}_DIR": str(folder / name.lower()) for name in ("DATA", "RUNS", "STATE")}
    return {**own, "XDG_CONFIG_HOME": str(folder / "config")}


def environment(folder: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """No settings of the user: data, runs and preferences in `folder`, the package under test first."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name == "MNIST_TUI_CACHE_DIR"
        or (not name.startswith(("MNIST_TUI_", "TEXTUAL")) and name not in ("COLUMNS", "LINES", "NO_COLOR"))
    }
    return {
        **kept,
        **homes(folder),
        "PYTHONPATH": str(Path(mnist_tui.__file__).parents[1]),
        "TERM": "xterm-256color",
        # pyte would print the keyboard protocol's codes as text.
        "TEXTUAL_DISABLE_KITTY_KEY": "1",
        **(extra or {}),
    }


# A shell that has its jobs under control runs a program, and brings it back once Enter is pressed.
_SHELL = '"$@"; echo "[left $?]"; read -r word; fg; echo "[ended $?]"'
_EXEC = "import os, sys; os.execvp(sys.argv[1], sys.argv[1:])"


def in_a_shell(*command: str) -> list[str]:
    """Arguments of Python: it becomes a shell that runs `command`, and says when that has left and ended."""
    return ["-c", _EXEC, "bash", "-m", "-c", _SHELL, "shell", *command]


class Process(Protocol):
    """What is needed of one."""

    def poll(self) -> int | None: ...

    def wait(self) -> int: ...

    def send_signal(self, number: int) -> None: ...

    def kill(self) -> None: ...


Begin = Callable[[list[str], Mapping[str, str], Path, int], Process]
"""Of arguments of Python, an environment, a folder, and the terminal's descriptor."""


def begin(arguments: list[str], environment: Mapping[str, str], folder: Path, tty: int) -> Process:
    """`python ARGUMENTS` in that terminal."""
    return subprocess.Popen(
        [sys.executable, *arguments],
        env=environment,
        cwd=folder,
        stdin=tty,
        stdout=tty,
        stderr=tty,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )


class Terminal:
    """A process in a terminal. Waiting reads what it draws; nothing is read in between."""

    def __init__(
        self,
        arguments: list[str],
        folder: Path,
        *,
        columns: int = 120,
        rows: int = 36,
        begin: Begin = begin,
        **extra: str,
    ) -> None:
        self._ours, theirs = pty.openpty()
        self.resize(columns, rows, fresh=True)
        self.before = termios.tcgetattr(theirs)
        self.raw = b""
        self._forgotten: dict[int, bool] = {}
        self.process = begin(arguments, environment(folder, extra), folder, theirs)
        os.close(theirs)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._close()

    @property
    def text(self) -> str:
        """The screen, line by line. It is worked out only when looked at and changed, as that takes pyte long."""
        if self._unseen or self._seen is None:
            self._stream.feed(self._unseen)
            self._unseen = b""
            self._seen = "\n".join(self._screen.display)
        return self._seen

    def resize(self, columns: int, rows: int, *, fresh: bool = False) -> None:
        """Another size, as when a window is dragged."""
        if fresh:
            self._unseen = b""
            self._screen = pyte.Screen(columns, rows)
            self._stream = pyte.ByteStream(self._screen)
        elif self.text:
            self._screen.resize(rows, columns)
        self._seen: str | None = None
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def press(self, keys: str) -> None:
        """Type; "\\x03" is Ctrl+C, "\\r" is Enter."""
        os.write(self._ours, keys.encode())

    def signal(self, number: signal.Signals) -> None:
        """Send it to the process."""
        self.process.send_signal(number)

    def hang_up(self) -> None:
        """Close the terminal's window."""
        self._close()

    def wait_for(self, *texts: str, patience: float = PATIENCE) -> None:
        """Until all of these are on the screen."""
        self.wait_until(lambda: all(text in self.text for text in texts), f"{texts} on the screen", patience)

    def wait_until(self, true: Callable[[], Any], what: str, patience: float = PATIENCE) -> None:
        """Until something is so, reading on meanwhile."""
        end = time.monotonic() + patience
        while not true():
            assert time.monotonic() < end, f"still waiting for {what}:\n{self.text}"
            assert self.read() or self.process.poll() is None, f"it ended before {what}:\n{self.text}"

    def ended(self, patience: float = PATIENCE) -> tuple[int, float]:
        """The exit code, as a shell counts, and the seconds it took from now."""
        started_at = time.monotonic()
        while self.process.poll() is None and time.monotonic() < started_at + patience:
            self.read()
        assert self.process.poll() is not None, f"still there after {patience} s:\n{self.text}"
        taken = time.monotonic() - started_at
        while self.read():
            pass
        code = self.process.wait()
        return (code if code >= 0 else 128 - code), taken

    def problems(self) -> list[str]:
        """What is wrong with the terminal that was left behind; for after the end."""
        modes = self._modes()
        found = []
        if modes.get(_ALTERNATE_SCREEN):
            found.append("the alternate screen is still there")
        if modes.get(_CURSOR) is False:
            found.append("the cursor is hidden")
        found += [f"mode {mode} is still on" for mode in _REPORTS if modes.get(mode)]
        if termios.tcgetattr(self._ours) != self.before:
            found.append("keys are not handled as they were")
        return found

    @property
    def after_the_screen(self) -> str:
        """What was written once the alternate screen had been left."""
        _, _, after = self.raw.rpartition(b"\x1b[?1049l")
        return re.sub(r"\x1b\[[0-9;?<>]*[A-Za-z]", "", after.decode(errors="replace"))

    @property
    def cursor_is_visible(self) -> bool:
        """As was last said of it."""
        return self._modes().get(_CURSOR, True)

    def forget(self, kept: int) -> None:
        """Let go of all that was drawn before about the last `kept` bytes, for a terminal that is used for hours."""
        if len(self.raw) > 2 * kept:
            start = self.raw.find(b"\x1b[", len(self.raw) - kept)  # not within a mode's digits
            if start > 0:
                self._forgotten = self._modes(until=start)
                self.raw = self.raw[start:]

    def _modes(self, until: int | None = None) -> dict[int, bool]:
        return self._forgotten | {
            int(mode): switch == b"h"
            for modes, switch in _MODES.findall(self.raw[:until])
            for mode in modes.split(b";")
        }

    def read(self, seconds: float = 0.05) -> bool:
        """Take in what has been drawn; whether there was anything."""
        if self._ours < 0:
            time.sleep(seconds)
            return False
        ready, _, _ = select.select([self._ours], [], [], seconds)
        if not ready:
            return False
        try:
            drawn = os.read(self._ours, 1 << 16)
        except OSError:  # on Linux once the other end is closed
            time.sleep(seconds)
            return False
        self.raw += drawn
        self._unseen += drawn
        return bool(drawn)

    def _close(self) -> None:
        if self._ours >= 0:
            os.close(self._ours)
            self._ours = -1
