"""Several runs over each other."""

from __future__ import annotations

from collections.abc import Sequence

from textual.screen import Screen

from mnist_tui.runs import Run


class CompareScreen(Screen[None]):
    """Curves overlaid, numbers and differing settings below."""

    BINDINGS = [("escape", "dismiss", "Back")]

    def __init__(self, runs: Sequence[tuple[Run, int]]) -> None:
        super().__init__()
        self._runs = runs
