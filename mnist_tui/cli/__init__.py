"""The command line: one small file a command group, heavy imports inside the commands."""

from mnist_tui.cli.app import app, main

__all__ = ["app", "main"]
