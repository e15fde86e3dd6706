"""Results on stdout, everything else on stderr."""

from __future__ import annotations

import errno
import io
import json
import os
import sys
from typing import Any

from rich.console import Console
from rich.text import Text


def stdout() -> Console:
    """For results. Made when needed, since tests and pipes change what stdout is."""
    return Console(highlight=False)


def stderr() -> Console:
    """For everything that is not the answer."""
    return Console(stderr=True, highlight=False)


def complain(message: str, remedy: str = "") -> None:
    """`error: …`, and what to do, on stderr."""
    console = stderr()
    console.print(Text.assemble(("error: ", "bold red"), message), soft_wrap=True)
    if remedy:
        console.print(Text.assemble(("   do: ", "bold"), remedy), soft_wrap=True)


def be_printable() -> None:
    """Where the terminal's encoding lacks a character, print a question mark rather than fail."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def discard_output(error: OSError) -> None:
    """Where stdout failed with `error`, write to nowhere: Python would complain again while closing it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    if error.errno == errno.EIO:  # the terminal is gone, and stderr with it
        os.dup2(nowhere, sys.stderr.fileno())


def print_json(value: Any) -> None:
    """One JSON document on stdout."""
    json.dump(value, sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")
