"""Loss and accuracy by epoch: two charts, redrawn every few seconds while something changes."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.content import Content

from mnist_tui.render import formatting
from mnist_tui.runs.history import RunHistory
from mnist_tui.tui.widgets.charts.chart_group import ChartGroup
from mnist_tui.tui.widgets.frame.panel import Panel

if TYPE_CHECKING:
    from mnist_tui.tui.widgets.charts.chart import Chart
    from mnist_tui.tui.widgets.charts.curve_drawing import CurveDrawing

_SECONDS_BETWEEN_DRAWINGS = 2.0
# Corners and blanks around a title on a border.
_TITLE_MARGIN = 6
# As the lines are drawn, so that they differ without colors too.
_SAMPLES: Mapping[str, tuple[str, str, str]] = {
    "train": ("━", "$train", "train"),
    "validation": ("◆", "$validation", "valid"),
    "test": ("●", "$test", "test"),
    "ghost": ("┈", "$ghost", "then"),
    "ghost-test": ("┈", "$ghost", "then"),
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
        self.loss, self.accuracy = Panel("Loss", jump="L"), Panel("Accuracy", jump="A")
        self.log_scale, self.smoothing = False, True
        self.by_error: bool | None = None
        self._history = RunHistory()
        self._reference: tuple[str, RunHistory] | None = None
        self._drawing: CurveDrawing | None = None
        self._changed = False
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
        self.set_interval(_SECONDS_BETWEEN_DRAWINGS, self.draw_changes)

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

    def show_values(self) -> None:
        if self._drawing is not None:
            self._label(self._drawing)

    def _draw(self, drawing: CurveDrawing) -> None:
        from mnist_tui.tui.widgets.charts.curve_drawing import Options  # numpy

        drawing.read(self._history)
        self.view.follow(drawing.data.extent)
        drawing.draw(self.view.span, Options(self.log_scale, self.smoothing, self.by_error))
        self._label(drawing)

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
        at = self.crosshair
        if at is None:
            losses, accuracies = drawing.data.newest_losses(), drawing.data.newest_accuracies()
        else:
            losses, accuracies = drawing.values_at(at)
        where = [""] if at is None else _positions(at, drawing.data.steps)
        percents = {name: f"{value:.2f} %" for name, value in accuracies.items()}
        numbers = {name: formatting.loss(value) for name, value in losses.items()}
        self._title(self.loss, _choose_title(self.loss, [f"Loss{place}" for place in where], numbers))
        self._title(self.accuracy, _choose_title(self.accuracy, [f"Accuracy{place}" for place in where], percents))
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


def _positions(epochs: float, steps: int) -> list[str]:
    """Where the vertical line is, in full and in short."""
    short = f" at {epochs:.2f}"
    return [f"{short} · step {round(epochs * steps):,}", short] if steps else [short]


def _choose_title(panel: Panel, titles: Sequence[str], values: Mapping[str, str]) -> Content:
    """The lines with their values: the first of these ways for which there is room on the border."""
    entries = values or _NO_VALUES
    choices = [
        *(_legend(title, entries, words=True) for title in titles),
        *(_legend(title, entries, words=False) for title in titles if values),
        _legend(titles[-1], dict.fromkeys(entries, ""), words=True),
    ]
    room = panel.size.width - _TITLE_MARGIN
    return next((choice for choice in choices if choice.cell_length <= room), choices[-1])


def _legend(title: str, values: Mapping[str, str], *, words: bool) -> Content:
    parts = [Content(title)]
    for name, value in values.items():
        sample, style, word = _SAMPLES[name]
        parts.append(Content.assemble((sample, style), f" {word if words else ''} {value}".replace("  ", " ").rstrip()))
    return Content("  ").join(parts)
