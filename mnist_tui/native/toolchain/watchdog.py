"""A small process that ends the programs still running after this one has been killed, also by SIGKILL."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path
from types import TracebackType

# It reads from a pipe that ends with this process, however that ends. Its folder is reached as the one it is in, and
# those that are being killed may still write there at first.
_SCRIPT = """
groups=
while read -r word; do
  case $word in
    done) exit ;;
    *) groups="$groups -$word" ;;
  esac
done
for group in $groups; do kill -KILL "$group"; done
name=$(pwd -P)
for attempt in 1 2 3 4 5; do
  rm -rf ./* ./.[!.]*
  (cd .. && rmdir "${name##*/}") && exit
  sleep 1
done
"""


class Watchdog:
    """If this process is killed meanwhile, kills the groups passed to `watch` and deletes `workspace`."""

    def __init__(self, workspace: Path) -> None:
        """`workspace` is a folder that holds only what the programs write."""
        self._workspace = workspace

    def __enter__(self) -> Watchdog:
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", _SCRIPT],
            cwd=self._workspace,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # or a Ctrl+C or Ctrl+\\ would end it too
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._send("done")
        assert self._process.stdin is not None  # Popen was asked for it
        self._process.stdin.close()
        self._process.wait()

    def watch(self, group: int) -> None:
        """Add a process group to be killed then."""
        self._send(str(group))

    def _send(self, word: str) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # it has been killed
            os.write(self._process.stdin.fileno(), f"{word}\n".encode())
