"""Drawing the digits in a process of its own while torch is imported, which takes as long."""

from __future__ import annotations

import contextlib
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from typing import IO

import numpy as np
from numpy.typing import NDArray

from mnist_tui.config import IMAGE_SHAPE
from mnist_tui.data.synthetic import PARTS, draw_digits
from mnist_tui.system.cpu import lower_thread_priority, usable_cores

Arrays = tuple[NDArray[np.uint8], NDArray[np.int64]]
"""Images and labels, as `draw_digits` returns them."""

_POLL_SECONDS = 0.05
_early: _DrawingProcess | None = None


@contextlib.contextmanager
def draw_in_background() -> Iterator[None]:
    """Draw the digits while this context imports torch; if they are not taken, its end stops the drawing.

    Only if that saves time: torch is not imported yet, and there is a second core.
    """
    global _early
    if "torch" not in sys.modules and usable_cores() > 1 and os.name == "posix":
        with contextlib.suppress(OSError):
            _early = _DrawingProcess()
    try:
        yield
    finally:
        if _early is not None:
            _early.stop()
            _early = None


def take_result(on_wait: Callable[[], object]) -> list[Arrays] | None:
    """The training and test digits that are being drawn in the background; None if there are none.

    Calls `on_wait` several times per second until they are done; it may raise to abort.
    """
    global _early
    early, _early = _early, None
    return None if early is None else early.wait(on_wait)


class _DrawingProcess:
    def __init__(self) -> None:
        # A file rather than a pipe, which would block the drawing until it is read. It has no name, and so disappears
        # with the two processes. -P: nothing is imported from the current folder.
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the drawing takes
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", __name__],
                stdin=subprocess.DEVNULL,
                stdout=self._file,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl+C is handled by this process
            )
        except OSError:
            self._file.close()
            raise

    def wait(self, on_wait: Callable[[], object]) -> list[Arrays] | None:
        try:
            while self._process.poll() is None:
                on_wait()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(_POLL_SECONDS)
            return self._read() if self._process.returncode == 0 else None
        finally:
            self.stop()

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        self._file.close()

    def _read(self) -> list[Arrays]:
        self._file.seek(0)
        parts = []
        for count, _ in PARTS.values():
            images = np.fromfile(self._file, np.uint8, count * math.prod(IMAGE_SHAPE)).reshape(count, *IMAGE_SHAPE)
            parts.append((images, np.fromfile(self._file, np.int64, count)))
        return parts


def _main() -> None:
    lower_thread_priority()  # below that of the import of torch
    for count, seed in PARTS.values():
        for array in draw_digits(count, seed):
            sys.stdout.buffer.write(array.data)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    _main()
