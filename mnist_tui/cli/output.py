"""Results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from typing import Any, NoReturn

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from mnist_tui.cli import cursor
from mnist_tui.system.sanitize import strip_control_codes


class _SafeConsole(Console):
    """A console on which text from a file, such as a run from another machine, cannot control the terminal.

    Rich drops some control codes itself, but not the one that begins an escape sequence.
    """

    def show_cursor(self, show: bool = True) -> bool:
        """Also record whether the cursor is hidden, for signal handlers."""
        if self.is_terminal:
            cursor.record_state(2 if self.stderr else 1, shown=show)
        return super().show_cursor(show)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable():
                yield segment
            else:
                yield Segment(strip_control_codes(segment.text), segment.style)

    def on_broken_pipe(self) -> NoReturn:
        """Re-raise: Rich would end the process, even if there is a checkpoint to write."""
        raise


def stdout() -> Console:
    """The console for results; created on demand, because tests and pipes replace stdout."""
    return _SafeConsole(highlight=False, force_terminal=_force_terminal())


def stderr() -> Console:
    """The console for everything but results."""
    return _SafeConsole(stderr=True, highlight=False, force_terminal=_force_terminal())


def _force_terminal() -> bool | None:
    """Rich knows FORCE_COLOR; the older convention means the same (https://bixense.com/clicolors)."""
    return True if os.environ.get("CLICOLOR_FORCE", "0") not in ("", "0") else None


def can_animate(console: Console) -> bool:
    """Whether lines can be redrawn: in a terminal, not in a file that merely accepts colors, such as a CI log.

    FORCE_COLOR and the like make Rich take anything for a terminal.
    """
    try:
        return console.is_interactive and not console.is_dumb_terminal and os.isatty(console.file.fileno())
    except (OSError, ValueError):  # a stream that is not a file, as in tests
        return False


def print_message(console: Console, message: str, style: str = "") -> None:
    """Print a line, however long, without interpreting Rich's markup and emoji codes."""
    console.print(Text(message, style=style), soft_wrap=True)


def print_traceback(traceback: str) -> None:
    """Like Python's own, with control codes removed: its message may come from an untrusted file."""
    print_message(stderr(), traceback.rstrip("\n"))


def print_error(message: str, remedy: str = "") -> None:
    """Print `error: …` and the remedy on stderr."""
    console = stderr()
    console.print(Text.assemble(("error: ", "bold red"), message), soft_wrap=True)
    if remedy:
        console.print(Text.assemble(("   do: ", "bold"), remedy), soft_wrap=True)


def redirect_to_null(*streams: int) -> None:
    """Redirect these descriptors to the null device, so that later writes do not fail again."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in streams:
        os.dup2(nowhere, stream)
    os.close(nowhere)


def print_json(value: Any) -> None:
    """Print a JSON document on stdout."""
    for part in json.JSONEncoder(indent=2).iterencode(value):  # however long it is
        sys.stdout.write(_escape_del(part))
    sys.stdout.write("\n")


def print_json_line(value: Any) -> None:
    """Print a JSON document on one line of stdout, and flush it for whatever reads along."""
    sys.stdout.write(_escape_del(json.dumps(value, separators=(",", ":"))) + "\n")
    sys.stdout.flush()


def _escape_del(text: str) -> str:
    """Escape DEL, the only control character that ASCII JSON can contain."""
    return text.replace("\x7f", "\\u007f")
