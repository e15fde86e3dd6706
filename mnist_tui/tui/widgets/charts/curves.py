"""Loss and accuracy by epoch: two charts, redrawn every second or so while something changes."""

from __future__ import annotations

import asyncio
import importlib
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.content import Content

from mnist_tui.render import formatting
from mnist_tui.runs.history import RunHistory
from mnist_tui.tui.widgets.charts.chart_group import ChartGroup
from mnist_tui.tui.widgets.frame.panel import Panel

if TYPE_CHECKING:
    from mnist_tui.tui.widgets.charts.chart import Chart, Readout
    from mnist_tui.tui.widgets.charts.curve_drawing import CurveDrawing

# Drawing both takes about ten milliseconds: at most this share of a core, but no oftener than the eye can follow.
_SHARE_OF_A_CORE = 0.01
_FASTEST_DRAWING = 0.5
# Corners and blanks around a title on a border.
_TITLE_MARGIN = 6
# As the lines are drawn, so that they differ without colors too.
_SAMPLES: Mapping[str, tuple[str, str, str]] = {
    "train": ("━", "$train", "train"),
    "validation": ("◆", "$validation", "valid"),
    "test": ("●", "$test", "test"),
}

_NO_VALUES: Mapping[str, str] = {"train": "", "test": ""}


class Curves(ChartGroup):
    """Both charts. What they are drawn with takes a moment to load, so they come after the first frame."""

    DEFAULT_CSS = """
    Curves { layout: vertical; }
    Curves Panel { height: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.loss, self.accuracy = Panel("Loss", jump="L", id="loss"), Panel("Accuracy", jump="A", id="accuracy")
        self.log_scale, self.smoothing = False, True
        self.by_error: bool | None = None
        self._history = RunHistory()
        self._reference: tuple[str, RunHistory] | None = None
        self._drawing: CurveDrawing | None = None
        self._changed = False
        self._next_drawing = 0.0
        self._titles: dict[Panel, str] = {}

    @property
    def charts(self) -> Sequence[Chart]:
        return () if self._drawing is None else (self._drawing.loss, self._drawing.accuracy)

    def compose(self) -> ComposeResult:
        yield self.loss
        yield self.accuracy

    def on_mount(self) -> None:
        # Numpy is loaded in a thread, after the first frame.
        self.call_after_refresh(self._load)
        self.set_interval(_FASTEST_DRAWING, self._draw_in_time)

    def show(self, history: RunHistory) -> None:
        """Draw another run."""
        self.forget_view()
        self.by_error = None
        if self._drawing is not None:
            self._drawing.reset()
        self.advance(history)

    def advance(self, history: RunHistory) -> None:
        """Draw what has changed of the run, soon."""
        self._history, self._changed = history, True

    def show_reference(self, name: str, history: RunHistory | None) -> None:
        """Draw this run faintly behind the other; None for none."""
        self._reference = None if history is None else (name, history)
        if self._drawing is not None:
            self._drawing.refer_to(history)
            self.redraw()

    def toggle_axis(self, chart: Chart) -> None:
        """The loss: logarithmic or linear. The accuracy: by error or plain."""
        assert self._drawing is not None  # there is a chart
        if chart is self._drawing.loss:
            self.toggle_log_scale()
        else:
            self.by_error = not self._drawing.is_by_error
            self.redraw()

    def toggle_log_scale(self) -> None:
        """Draw the loss on a logarithmic axis, or a linear one again."""
        self.log_scale = not self.log_scale
        self.redraw()

    def toggle_smoothing(self) -> None:
        """Draw the training loss as a moving average with single batches behind it, or as it is."""
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
            self._draw(self._drawing)

    def read_off(self, chart: Chart, at: float) -> Readout:
        return () if self._drawing is None else self._drawing.read_off(chart, at)

    def _draw_in_time(self) -> None:
        """Draw what has changed, less often on a slow machine."""
        if time.monotonic() >= self._next_drawing:
            before = time.thread_time()
            self.draw_changes()
            self._next_drawing = time.monotonic() + (time.thread_time() - before) / _SHARE_OF_A_CORE

    def _draw(self, drawing: CurveDrawing) -> None:
        from mnist_tui.tui.widgets.charts.curve_drawing import Options  # numpy

        drawing.read(self._history)
        self.view.follow(drawing.data.extent)
        drawing.draw(self.view.span, Options(self.log_scale, self.smoothing, self.by_error))
        self._label(drawing)
        self.draw_crosshair()

    def _load(self) -> None:
        self.run_worker(self._open())

    async def _open(self) -> None:
        module = await asyncio.to_thread(importlib.import_module, "mnist_tui.tui.widgets.charts.curve_drawing")
        if not self.is_attached:
            return
        drawing: CurveDrawing = module.CurveDrawing()
        await self.loss.mount(drawing.loss)
        await self.accuracy.mount(drawing.accuracy)
        if self._reference is not None:
            drawing.refer_to(self._reference[1])
        self._drawing = drawing
        self.redraw()

    def _label(self, drawing: CurveDrawing) -> None:
        losses = {name: formatting.loss(value) for name, value in drawing.data.newest_losses().items()}
        accuracies = {name: f"{value:.2f} %" for name, value in drawing.data.newest_accuracies().items()}
        self._title(self.loss, _legend("Loss", losses, self.loss.size.width))
        self._title(self.accuracy, _legend("Accuracy", accuracies, self.accuracy.size.width))
        self._note(drawing)

    def _title(self, panel: Panel, title: Content) -> None:
        """Setting a title repaints the border."""
        if self._titles.get(panel) != title.markup:
            self._titles[panel] = title.markup
            panel.border_title = title

    def _note(self, drawing: CurveDrawing) -> None:
        """What is unusual about the charts, on their lower borders."""
        ghost = [f"behind: {self._reference[0]}"] if self._reference else []
        loss = ["log scale"] * self.log_scale + ["smoothed"] * self.smoothing
        accuracy = ["by error"] * drawing.is_by_error
        for panel, notes in ((self.loss, loss), (self.accuracy, [*ghost, *accuracy])):
            note = " · ".join([*self.view_notes, *notes, "epoch"])
            if panel.border_subtitle != note:
                panel.border_subtitle = note


def _legend(title: str, values: Mapping[str, str], width: int) -> Content:
    """The title of a chart: its lines with their newest values, or only their names where those do not fit."""
    full = _entries(title, values)
    return full if full.cell_length <= width - _TITLE_MARGIN else _entries(title, dict.fromkeys(values, ""))


def _entries(title: str, values: Mapping[str, str]) -> Content:
    parts = [Content(title)]
    for name, value in (values or _NO_VALUES).items():
        sample, style, word = _SAMPLES[name]
        parts.append(Content.assemble((sample, style), f" {word} {value}".rstrip()))
    return Content("  ").join(parts)
