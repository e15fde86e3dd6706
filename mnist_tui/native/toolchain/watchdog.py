"""A small process that ends the programs still running after this one has been killed, also by SIGKILL."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

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


# Run in place of a program: the shell reports its process group, then becomes the program, in the same group. If this
# process reported it after the start, the program would go on when this process is killed in between. Until then the
# standard input is the watchdog's pipe. A trapped SIGPIPE does not end the shell where the watchdog has been killed;
# `exec` resets it.
_START = """
trap : PIPE
echo $$ >&0 2>/dev/null
exec "$@" </dev/null
"""


class Watchdog:
    """If this process is killed meanwhile, ends the programs started by `start` and deletes `workspace`."""

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

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None  # Popen was asked for it
        with contextlib.suppress(OSError):  # it has been killed
            os.write(self._process.stdin.fileno(), b"done\n")
        self._process.stdin.close()
        self._process.wait()

    def start(self, command: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Start a program in `workspace`, in a process group that is killed then.

        It has no input, and its output is a pipe. If `command` is not a program, it ends with status 127 or 126.
        """
        return subprocess.Popen(
            ["/bin/sh", "-c", _START, "sh", *command],
            cwd=self._workspace,
            env=environment,
            stdin=self._process.stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
