"""Results on stdout, everything else on stderr."""

from __future__ import annotations

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


def say(console: Console, message: str, style: str = "") -> None:
    """One line, however long; brackets and colons in it are themselves, not Rich's markup and emoji."""
    console.print(Text(message, style=style), soft_wrap=True)


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


def discard(*streams: int) -> None:
    """Let these file numbers lead to nowhere: what can no longer be written fails again at every later try."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in streams:
        os.dup2(nowhere, stream)
    os.close(nowhere)


def print_json(value: Any) -> None:
    """One JSON document on stdout."""
    json.dump(value, sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")
