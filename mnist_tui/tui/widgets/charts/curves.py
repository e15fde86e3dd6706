"""Loss and accuracy by epoch: two charts, redrawn every few seconds while something changes."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from mnist_tui.render import formatting
from mnist_tui.runs.history import RunHistory
from mnist_tui.tui.widgets.frame.panel import Panel

if TYPE_CHECKING:
    from mnist_tui.tui.widgets.charts.chart import LineName
    from mnist_tui.tui.widgets.charts.curve_drawing import CurveDrawing

# Drawing both takes tens of milliseconds.
_SECONDS_BETWEEN_DRAWINGS = 2.0
# Corners and blanks around a title on a border.
_TITLE_MARGIN = 6
# As the lines are drawn, so that they differ without colors too.
_SAMPLES: Mapping[LineName, tuple[str, str, str]] = {
    "train": ("━", "$train", "train"),
    "validation": ("◆", "$validation", "valid"),
    "test": ("●", "$test", "test"),
}

_NO_VALUES: Mapping[LineName, str] = {"train": "", "test": ""}


class Curves(Vertical):
    """Both charts. The plotting library takes a third of a second to load, so they come after the first frame."""

    DEFAULT_CSS = """
    Curves Panel { height: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.loss, self.accuracy = Panel("Loss", jump="L", id="loss"), Panel("Accuracy", jump="A", id="accuracy")
        self.log_scale, self.smoothing = False, True
        self._history = RunHistory()
        self._drawing: CurveDrawing | None = None
        self._changed = False

    def compose(self) -> ComposeResult:
        yield self.loss
        yield self.accuracy

    def on_mount(self) -> None:
        # The plotting library is loaded in a thread, after the first frame.
        self.call_after_refresh(self._load)
        self.set_interval(_SECONDS_BETWEEN_DRAWINGS, self.draw_changes)

    def show(self, history: RunHistory) -> None:
        """Draw another run."""
        if self._drawing is not None:
            self._drawing.reset()
        self.advance(history)

    def advance(self, history: RunHistory) -> None:
        """Draw what has changed of the run, soon."""
        self._history, self._changed = history, True

    def toggle_log_scale(self) -> None:
        """Draw the loss on a logarithmic axis, or a linear one again."""
        self.log_scale = not self.log_scale
        self.redraw()

    def toggle_smoothing(self) -> None:
        """Draw the training loss as the mean over an epoch of batches, or as it is."""
        self.smoothing = not self.smoothing
        self.redraw()

    def redraw(self) -> None:
        """Draw soon: the same run must look different now."""
        self._changed = True
        self.call_later(self.draw_changes)

    def draw_changes(self) -> None:
        """Draw if something is new and the charts are visible."""
        if self._drawing is None or not self.screen.is_current or not self.app.is_running:
            return
        if self._changed or self._drawing.is_resized:
            self._changed = False
            self._drawing.draw(self._history, log_scale=self.log_scale, smoothing=self.smoothing)
            self._label()

    def on_plot_widget_scale_changed(self) -> None:
        # Other points are in view.
        self.redraw()

    def _load(self) -> None:
        self.run_worker(self._open())

    async def _open(self) -> None:
        module = await asyncio.to_thread(importlib.import_module, "mnist_tui.tui.widgets.charts.curve_drawing")
        if not self.is_attached:
            return
        drawing: CurveDrawing = module.CurveDrawing()
        await self.loss.mount(drawing.loss)
        await self.accuracy.mount(drawing.accuracy)
        self._drawing = drawing
        self.redraw()

    def _label(self) -> None:
        assert self._drawing is not None  # the caller has checked
        data = self._drawing.data
        losses = {name: formatting.loss(value) for name, value in data.newest_losses().items()}
        accuracies = {name: f"{value:.2f} %" for name, value in data.newest_accuracies().items()}
        self.loss.border_title = _legend("Loss", losses, self.loss.size.width)
        self.accuracy.border_title = _legend("Accuracy", accuracies, self.accuracy.size.width)
        notes = ["log scale"] * self.log_scale + ["smoothed"] * self.smoothing
        self.loss.border_subtitle = " · ".join([*notes, "epoch"])
        self.accuracy.border_subtitle = "epoch"


def _legend(title: str, values: Mapping[LineName, str], width: int) -> Content:
    """The title of a chart: its lines with their newest values, or only their names where those do not fit."""
    full = _entries(title, values)
    return full if full.cell_length <= width - _TITLE_MARGIN else _entries(title, dict.fromkeys(values, ""))


def _entries(title: str, values: Mapping[LineName, str]) -> Content:
    parts = [Content(title)]
    for name, value in (values or _NO_VALUES).items():
        sample, style, word = _SAMPLES[name]
        parts.append(Content.assemble((sample, style), f" {word} {value}".rstrip()))
    return Content("  ").join(parts)
