"""Results on stdout, everything else on stderr."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from mnist_tui.cli import cursor

# Rich drops some of these itself, but not the one that begins an escape sequence. Tabs and newlines are its own.
_CONTROL_CODES = {code: None for code in (*range(32), *range(127, 160)) if chr(code) not in "\t\n"}


class _Harmless(Console):
    """What comes out of a file, such as a run of somebody else's, has no control over the terminal."""

    def show_cursor(self, show: bool = True) -> bool:
        """As Rich has it; and a signal finds out whether it is hidden."""
        if self.is_terminal:
            cursor.changed(2 if self.stderr else 1, shown=show)
        return super().show_cursor(show)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable():
                yield segment
            else:
                yield Segment(segment.text.translate(_CONTROL_CODES), segment.style)


def stdout() -> Console:
    """For results. Made when needed, since tests and pipes change what stdout is."""
    return _Harmless(highlight=False)


def stderr() -> Console:
    """For everything that is not the answer."""
    return _Harmless(stderr=True, highlight=False)


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
