"""The current state of a run: its table, and the progress within the epoch."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from mnist_tui.render.epoch_table import epoch_table
from mnist_tui.render.progress_line import progress_lines
from mnist_tui.runs.history import RunHistory


def run_status(name: str, history: RunHistory) -> RenderableType:
    """What `watch --once` prints."""
    parts: list[RenderableType] = [Text.assemble((name, "bold"), f": {history.status.value}")]
    if history.epochs:
        parts += [Text(), epoch_table(history)]
    if history.progress is not None:
        parts.append(progress_lines(history))
    if history.failed is not None:
        parts.append(Text(f"failed: {history.failed.message}", style="bold red"))
    return Group(*parts)
