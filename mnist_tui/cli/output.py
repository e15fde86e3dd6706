"""Results on stdout, everything else on stderr."""

from __future__ import annotations

import json
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


def print_json(value: Any) -> None:
    """One JSON document on stdout."""
    json.dump(value, sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")
