"""The command line: one file per command; heavy imports are inside the commands."""

from __future__ import annotations

import sys


def main() -> None:
    """The `mnist-tui` command."""
    try:
        from mnist_tui.cli.app import run  # here, so that Ctrl+C in the first moments is no traceback either
    except KeyboardInterrupt:
        sys.exit(130)
    run()
