"""The newest batch losses as a sparkline, and the last one as a number."""

from __future__ import annotations

import math
from statistics import fmean

from textual.app import ComposeResult
from textual.content import Content
from textual.events import Resize
from textual.widgets import Static

from mnist_tui.render import formatting
from mnist_tui.render.sparkline import spark_rows
from mnist_tui.runs.history import RunHistory
from mnist_tui.tui.widgets.frame.panel import Panel

_BATCHES_PER_BAR = 4
_NOTHING_YET = "Waiting for the first batches …"


class BatchLosses(Panel):
    """As many bars as fit, each the mean of a few batches."""

    DEFAULT_CSS = """
    BatchLosses {
        height: 4;
        padding: 0 1;
        & > Static { height: 1fr; color: $muted; }
        &.-filled > Static { color: $primary; }
    }
    """

    def __init__(self) -> None:
        super().__init__("Batch loss", jump="B")
        self.line = Static(_NOTHING_YET)
        self._history = RunHistory()
        self._drawn = (0, 0, 0)

    def compose(self) -> ComposeResult:
        yield self.line

    def on_resize(self, _: Resize) -> None:
        self.advance(self._history)

    def advance(self, history: RunHistory) -> None:
        """Draw the newest losses."""
        self._history = history
        count, (width, height) = len(history.batch_losses), self.content_size
        if (count, width, height) == self._drawn or not width:
            return
        self._drawn = count, width, height
        bars = newest_bars(history.batch_losses, width)
        text = "\n".join(spark_rows(bars, height)) if bars else "" if count else _NOTHING_YET
        self.line.update(Content(text), layout=False)
        self.set_class(bool(bars), "-filled")
        newest = formatting.loss(history.batch_losses[-1]) if count else ""
        self.border_title = f"Batch loss  [$text-primary]{newest}[/]" if newest else "Batch loss"
        self.border_subtitle = f"last {len(bars) * _BATCHES_PER_BAR:,} batches" if bars else ""


def newest_bars(losses: list[float], bars: int) -> list[float]:
    """Means of whole groups of batches, so that a bar never changes once it is drawn."""
    end = len(losses) - len(losses) % _BATCHES_PER_BAR
    begin = max(0, end - bars * _BATCHES_PER_BAR)
    groups = (losses[at : at + _BATCHES_PER_BAR] for at in range(begin, end, _BATCHES_PER_BAR))
    known = ([loss for loss in group if math.isfinite(loss)] for group in groups)
    return [fmean(group) for group in known if group]
