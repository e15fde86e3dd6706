"""One chart as a widget: it holds a plot and shows its picture, with a vertical line where the user points."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import BindingType
from textual.color import Color
from textual.events import Click, Leave, MouseMove, MouseScrollDown, MouseScrollUp, Resize
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from mnist_tui.render import graphs
from mnist_tui.render.graphs import Graphs
from mnist_tui.tui.keys import bind
from mnist_tui.tui.widgets.charts.cells import NO_FILL, Cells
from mnist_tui.tui.widgets.charts.dots import dot_glyphs
from mnist_tui.tui.widgets.charts.plot import FILL_LEVELS, Layout, Pen, Plot, draw_plot, plain_signs

# How strongly the area under a line is tinted, at the top of the chart and at its bottom.
_FILL_TOP, _FILL_BOTTOM = 0.26, 0.07
# Classes of whatever gives the whole screen to one part of it.
_LARGE = frozenset({"-maximized", "-projector"})
# In a chart with fewer rows than this thick lines would be most of it.
_ROOM_FOR_THICK = 9
# Where a tint would become a color of its own.
_FEW_COLORS = ("standard", "windows")
_BEHIND_CROSSHAIR = " ┄·─-┬+"


Readout = Sequence[tuple[str, str]]
"""Words, each with its ink."""


class Chart(Widget, can_focus=True):
    """Draws again only when its plot, its size or the theme has changed. Its owner decides what the keys do."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "chart--train",
        "chart--validation",
        "chart--test",
        "chart--best",
        "chart--raw",
        "chart--ghost",
        "chart--ghost-test",
        "chart--axis",
        "chart--guide",
        "chart--tick",
        "chart--crosshair",
    }
    DEFAULT_CSS = """
    Chart {
        height: 1fr;
        & > .chart--train { color: $train; }
        & > .chart--validation { color: $validation; }
        & > .chart--test { color: $test; }
        & > .chart--best { color: $validation; }
        & > .chart--raw { color: $train 45%; }
        & > .chart--ghost { color: $ghost; }
        & > .chart--ghost-test { color: $ghost; }
        & > .chart--axis { color: $line; }
        & > .chart--guide { color: $guide; }
        & > .chart--tick { color: $muted; }
        & > .chart--crosshair { color: $text-accent; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("zoom-in", "command('zoom_in')", "Zoom in"),
        bind("zoom-out", "command('zoom_out')", "Zoom out"),
        bind("whole-run", "command('whole')", "Whole run"),
        bind("enter", "command('crosshair')", "Read off"),
        bind("y-axis", "command('axis')", "Y axis"),
        bind("left", "command('left')", "Earlier", show=False),
        bind("right", "command('right')", "Later", show=False),
        bind("back", "command('no_crosshair')", "Stop reading off", show=False),
    ]

    class Command(Message):
        """A key or the mouse asks for something; `at` is the epoch under the mouse."""

        def __init__(self, chart: Chart, name: str, at: float | None = None) -> None:
            super().__init__()
            self.chart, self.name, self.at = chart, name, at

    class Pointed(Message):
        """The mouse is over this epoch, or has left the curves; `fixed` by a click."""

        def __init__(self, chart: Chart, at: float | None, *, fixed: bool = False) -> None:
            super().__init__()
            self.chart, self.at, self.fixed = chart, at, fixed

    class Resized(Message):
        """Another number of points can be seen now."""

    class Dragged(Message):
        """The mouse has pulled the curves so many epochs to the left."""

        def __init__(self, epochs: float) -> None:
            super().__init__()
            self.epochs = epochs

    def __init__(self) -> None:
        super().__init__()
        self.plot = Plot()
        self.crosshair: float | None = None
        """The epoch of the vertical line."""
        self.readout: Readout = ()
        """What is written below the vertical line."""
        self._cells = Cells(0, 0)
        self._strips: list[Strip] = []
        self._colors: dict[str, Color] = {}
        self._graphs = graphs.in_use()

    @property
    def layout_of_plot(self) -> Layout:
        """Where things are."""
        return Layout(*self.size, self.plot.label_width)

    @property
    def columns(self) -> int:
        """Dots from left to right: more points than that cannot be seen."""
        return max(2, dot_glyphs(graphs.in_use()).across * self.layout_of_plot.columns)

    @property
    def is_large(self) -> bool:
        """Whether it has the screen for itself, and so is drawn to be read from afar."""
        return any(not _LARGE.isdisjoint(node.classes) for node in self.ancestors_with_self)

    @property
    def pen(self) -> Pen:
        """For the lines that matter most: as strong as there is room for."""
        if self.is_large:
            return "solid"
        return "thick" if self.rows >= _ROOM_FOR_THICK else "thin"

    @property
    def rows(self) -> int:
        """Rows of cells for the curves, with the one of the x axis."""
        return self.layout_of_plot.rows

    def draw(self, plot: Plot) -> None:
        """Show this instead; only what differs is repainted."""
        before, self.plot = self._crosshair_column(), plot
        self._paint()
        if before != self._crosshair_column():
            self.refresh()

    def point(self, at: float | None, readout: Readout = ()) -> None:
        """Move the vertical line to this epoch, with these words below, or take it away.

        Two columns and the row of the words are repainted: the mouse moves it faster than charts can be drawn.
        """
        columns = [self._crosshair_column()]
        self.crosshair, self.readout = at, readout
        columns.append(self._crosshair_column())
        if columns != [None, None]:
            moved = [Region(column, 0, 1, self.rows) for column in columns if column is not None]
            self.refresh(*moved, Region(0, self.rows, self.size.width, 1))

    def on_resize(self, _: Resize) -> None:
        self._paint()
        self.post_message(self.Resized())

    def notify_style_update(self) -> None:
        """Take the colors of the new theme when the next line is drawn: now they are still the old ones."""
        super().notify_style_update()
        self._colors, self._strips = {}, []
        if self._graphs is not graphs.in_use():
            self._paint()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """A row of the picture, and the vertical line over it."""
        if not self._strips:
            self._strips = self._cells.strips(self._style)
        if y >= len(self._strips):
            return Strip.blank(self.size.width, Style(bgcolor=self._color("").rich_color))
        column = self._crosshair_column()
        if column is None:
            return self._strips[y]
        return self._with_crosshair(y, column) if y < self.rows else self._with_readout(y, column)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Esc is the screen's while there is no vertical line to take away."""
        return parameters != ("no_crosshair",) or self.crosshair is not None

    def action_command(self, name: str) -> None:
        """Leave it to the owner, which knows all charts."""
        self.post_message(self.Command(self, name))

    def on_mouse_move(self, event: MouseMove) -> None:
        if event.button == 1 and event.delta_x:
            epochs = self.layout_of_plot.epoch(-event.delta_x, self.plot.x) - self.plot.x.bottom
            self.post_message(self.Dragged(epochs))
        self.post_message(self.Pointed(self, self._epoch_under(event.x)))

    def on_leave(self, _: Leave) -> None:
        self.post_message(self.Pointed(self, None))

    def on_click(self, event: Click) -> None:
        """A click keeps the vertical line; a double click shows the whole run."""
        if event.chain == 2:
            self.action_command("whole")
        else:
            self.post_message(self.Pointed(self, self._epoch_under(event.x), fixed=True))

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        event.stop()
        self.focus(scroll_visible=False)  # the key that resets the zoom is the chart's
        self.post_message(self.Command(self, "zoom_in", self._epoch_under(event.x)))

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        event.stop()
        self.post_message(self.Command(self, "zoom_out", self._epoch_under(event.x)))

    def _paint(self) -> None:
        width, height = self.size
        if not (width and height):
            return
        self._graphs = graphs.in_use()
        before, self._cells = self._cells, draw_plot(self.plot, (width, height), self._graphs)
        changed = self._cells.difference(before)
        if changed is not None:
            self._strips = []
            self.refresh(changed)

    def _with_crosshair(self, y: int, column: int) -> Strip:
        """The row with the vertical line, which runs behind curves and labels."""
        strip = self._strips[y]
        cell = strip.crop(column, column + 1)
        if cell.text in _BEHIND_CROSSHAIR:
            sign = "|" if self._graphs is Graphs.ASCII else "│"
            style = Style(color=self._color("crosshair").rich_color)
            cell = Strip([Segment(sign, (segment.style or style) + style) for segment in cell], 1)
        return Strip.join([strip.crop(0, column), cell, strip.crop(column + 1)])

    def _with_readout(self, y: int, column: int) -> Strip:
        """The labels of the axis, but below the vertical line what is there; the last words go where it is narrow."""
        words, width = [Segment(" ", self._style("", NO_FILL, bold=False))], 1
        for text, ink in self.readout:
            text = plain_signs(text, self._graphs) + "  "
            if width + len(text) > self.size.width:
                break
            words.append(Segment(text, self._style(ink, NO_FILL, bold=True)))
            width += len(text)
        begin = max(min(column - width // 2, self.size.width - width), 0)
        strip = self._strips[y]
        return Strip.join([strip.crop(0, begin), Strip(words, width), strip.crop(begin + width)])

    def _crosshair_column(self) -> int | None:
        if self.crosshair is None:
            return None
        layout = self.layout_of_plot
        column = math.floor(layout.column(self.crosshair, self.plot.x))
        return layout.left + column if 0 <= column < layout.columns else None

    def _epoch_under(self, x: int) -> float | None:
        layout = self.layout_of_plot
        column = x - layout.left
        return layout.epoch(column, self.plot.x) if 0 <= column < layout.columns else None

    def _style(self, ink: str, fill: int, bold: bool) -> Style:
        ground = self._color("") if fill == NO_FILL else self._tinted(fill)
        return Style(color=self._color(ink).rich_color, bgcolor=ground.rich_color, bold=bold)

    def _tinted(self, level: int) -> Color:
        """The background with some of the training curve's color, less towards the bottom; none of few colors."""
        ground, color = self._color(""), self._color("train")
        if self.app.console.color_system in _FEW_COLORS or ground.ansi is not None or color.ansi is not None:
            return ground
        share = (level - 1) / (FILL_LEVELS - 1)
        return ground.blend(color, _FILL_TOP + share * (_FILL_BOTTOM - _FILL_TOP), 1)

    def _color(self, ink: str) -> Color:
        if ink not in self._colors:
            self._colors[ink] = self._find_color(ink)
        return self._colors[ink]

    def _find_color(self, ink: str) -> Color:
        """Of the theme; "" is the background, and a color may be faint on it."""
        ground = self.background_colors[1]
        if not ink:
            return ground
        color = self.color_of(ink)
        if color.ansi is not None:  # which is never faint, and single batches must be
            return self.color_of("guide") if ink == "raw" else color
        return ground.blend(color, color.a, 1)

    def color_of(self, ink: str) -> Color:
        """The color of an ink, which may be transparent."""
        return self.get_component_styles(f"chart--{ink}").color
