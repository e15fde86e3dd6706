"""The picture of a chart, layer by layer on a grid of cells: guides, fill, lines, markers, labels, axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from mnist_tui.render.graphs import Graphs
from mnist_tui.tui.widgets.charts.axes import LABEL_WIDTH, Axis, LinearAxis, Scale
from mnist_tui.tui.widgets.charts.cells import Cells
from mnist_tui.tui.widgets.charts.dots import dot_glyphs, draw_line, mark_points, to_characters
from mnist_tui.tui.widgets.charts.loss_trace import Floats

FILL_LEVELS = 8
"""From the top of the picture to its bottom."""
_LEFT = LABEL_WIDTH + 1
# How far apart points must be, in cells, for each to get a marker.
_MARKER_SPACING = 8
# In columns: labels of lines that end further apart cannot meet.
_LABEL_SPACING = 2
# How much of a cell may lie above a line for the cell to be left without a tint.
_COVERED, _COVERED_SOLID = 0.7, 0.5
# Without room for this many columns of curves there are no labels at their ends.
_ROOM_FOR_LABELS = 24
# Signs that are only in fonts with many symbols, and what stands for them elsewhere.
_PLAIN_SIGNS = {"●": "o", "★": "*", "◆": "+", "━": "-", "○": ".", "┈": "-", "·": "-"}
_GUIDES = {Graphs.BRAILLE: "┄", Graphs.QUADRANT: "┄", Graphs.BLOCK: "·", Graphs.ASCII: " "}


Pen = Literal["thin", "thick", "solid"]
"""One dot wide, two, or half a cell without gaps between the dots."""


@dataclass(frozen=True)
class ChartLine:
    """One curve: `x` in epochs, `y` in the units of its axis's labels."""

    name: str
    """Of its ink; see `Chart`."""
    x: Floats
    y: Floats
    marker: str = ""
    """Drawn at points where they are far enough apart, and at the last: it tells lines apart without color."""
    label: str = ""
    """Written at the line's end."""
    label_ink: str = ""
    """Of the label, where that is not the line's."""
    joined: bool = True
    """Whether a line connects the points."""
    filled: bool = False
    """Whether the area below is tinted."""
    pen: Pen = "thin"


@dataclass(frozen=True)
class Plot:
    """What a chart shows: lines in the order in which they cover each other, and the scales of its axes."""

    lines: Sequence[ChartLine] = ()
    x: Scale = field(default_factory=lambda: Scale(0, 1, ()))
    y: Scale = field(default_factory=lambda: Scale(0, 1, ()))
    axis: Axis = field(default_factory=LinearAxis)
    """How the lines' values become places on the y scale."""
    label_width: int = 0
    """Columns to keep free at the right for labels of lines."""
    labels_together: bool = True
    """Whether the labels of all lines stand in one column, else each at the end of its own line."""


@dataclass(frozen=True)
class Layout:
    """Where things are in a picture: the curves are right of the labels, their lowest row is that of the x axis."""

    width: int
    height: int
    label_width: int = 0

    @property
    def left(self) -> int:
        """The first column of the curves."""
        return _LEFT if self.width > _LEFT + 1 else 0

    @property
    def columns(self) -> int:
        """For the curves."""
        wide = self.width - self.left - self.label_width
        return max(wide if wide >= _ROOM_FOR_LABELS else self.width - self.left, 1)

    @property
    def rows(self) -> int:
        """For the curves; one more below has the labels of the x axis."""
        return max(self.height - 1, 1)

    def column(self, x: float, scale: Scale) -> float:
        """Where an epoch lies, in cells from the left edge of the curves; the first in the middle of a cell."""
        extent = (scale.top - scale.bottom) or 1.0
        return (x - scale.bottom) / extent * (self.columns - 1) + 0.5

    def epoch(self, column: float, scale: Scale) -> float:
        """The epoch in the middle of this cell of the curves."""
        return scale.bottom + column / max(self.columns - 1, 1) * (scale.top - scale.bottom)


def draw_plot(plot: Plot, size: tuple[int, int], graphs: Graphs) -> Cells:
    """The picture of so many columns and rows."""
    painter = _Painter(plot, Layout(*size, plot.label_width), graphs)
    painter.paint()
    return painter.cells


class _Painter:
    """Paints one plot."""

    def __init__(self, plot: Plot, layout: Layout, graphs: Graphs) -> None:
        self.cells = Cells(layout.width, layout.height)
        self._plot, self._layout, self._graphs = plot, layout, graphs
        self._dots = dot_glyphs(graphs)
        self._solid = dot_glyphs(Graphs.QUADRANT) if graphs is Graphs.BRAILLE else self._dots

    def paint(self) -> None:
        self._draw_guides()
        self._draw_x_axis()
        for line in self._plot.lines:
            self._draw_line(line)
        self._draw_end_labels()
        self._draw_y_labels()

    def _draw_guides(self) -> None:
        layout = self._layout
        pattern = _GUIDES[self._graphs] * layout.width
        for tick in self._plot.y.ticks:
            row = self._row(tick.place)
            if 0 <= row < layout.rows - 1:
                self.cells.put(row, layout.left, pattern, "guide")

    def _draw_x_axis(self) -> None:
        layout, scale = self._layout, self._plot.x
        axis, mark = ("-", "+") if self._graphs is Graphs.ASCII else ("─", "┬")
        self.cells.put(layout.rows - 1, layout.left, axis * layout.width, "axis")
        for tick in scale.ticks:
            column = layout.left + int(layout.column(tick.place, scale))
            self.cells.put(layout.rows - 1, column, mark, "axis")
            begin = min(column - len(tick.label) // 2, layout.width - len(tick.label))
            self.cells.put(layout.rows, max(begin, 0), tick.label, "tick")

    def _draw_y_labels(self) -> None:
        if not self._layout.left:
            return
        for tick in self._plot.y.ticks:
            self.cells.put(self._row(tick.place), 0, tick.label[:LABEL_WIDTH].rjust(LABEL_WIDTH), "tick")

    def _draw_line(self, line: ChartLine) -> None:
        if not len(line.x) or (not line.joined and self._graphs in (Graphs.BLOCK, Graphs.ASCII)):
            return  # single points would be as large as the lines
        layout, dots = self._layout, self._solid if line.pen == "solid" else self._dots
        across, down = self._columns(line.x), self._rows(line.y)
        if line.filled:
            self._fill(across, down, _COVERED_SOLID if line.pen == "solid" else _COVERED)
        size = layout.rows * dots.down, layout.columns * dots.across
        if line.joined:
            thick = line.pen == "thick" and self._graphs is Graphs.BRAILLE  # other dots are large enough
            mask = draw_line(across * dots.across, down * dots.down, size, thick=thick)
        else:
            mask = np.zeros(size, np.bool_)
            mark_points(mask, across * dots.across, down * dots.down)
        mask[size[0] - dots.down // 2 + 1 :] = False  # below the axis, which is in the middle of its row
        self.cells.stamp(to_characters(mask, dots), line.name, layout.left)
        if line.marker:
            self._draw_markers(line, across, down)

    def _draw_markers(self, line: ChartLine, across: Floats, down: Floats) -> None:
        """At every point where they are far apart, else at the last only."""
        marker = plain_signs(line.marker, self._graphs)
        spacing = (across[-1] - across[0]) / max(len(across) - 1, 1)
        chosen = slice(None) if spacing >= _MARKER_SPACING or len(across) == 1 else slice(-1, None)
        for column, row in zip(across[chosen].astype(int), np.floor(down[chosen]).astype(int), strict=True):
            if 0 <= column < self._layout.columns and 0 <= row < self._layout.rows:
                self.cells.put(int(row), self._layout.left + int(column), marker, line.name, bold=True)

    def _draw_end_labels(self) -> None:
        """Right of the lines, each beside its own; in rows of their own where they would meet."""
        layout = self._layout
        ends = [line for line in self._plot.lines if line.label and len(line.x)]
        columns = [min(int(self._columns(line.x[-1:])[0]), layout.columns - 1) for line in ends]
        for group in _groups(columns, together=self._plot.labels_together):
            rows = spread_rows([float(self._rows(ends[index].y[-1:])[0]) for index in group], layout.rows)
            right = max(columns[index] for index in group)
            for index, row in zip(group, rows, strict=True):
                self._draw_label(ends[index], row, right)

    def _draw_label(self, line: ChartLine, row: int, end: int) -> None:
        column = self._layout.left + end + 2
        if end >= 0 and column + len(line.label) <= self._layout.width:
            self.cells.put(row, column, plain_signs(line.label, self._graphs), line.label_ink or line.name, bold=True)

    def _fill(self, across: Floats, down: Floats, covered: float) -> None:
        """Tint what lies below the line: from its cell on where most of that is below."""
        layout = self._layout
        centers = np.arange(layout.columns) + 0.5
        tops = np.interp(centers, across, down, left=np.inf, right=np.inf)
        first, last = max(int(across[0]), 0), min(int(across[-1]), layout.columns - 1)
        tops[first : last + 1] = np.interp(centers[first : last + 1], across, down)
        rows = np.where(np.isfinite(tops), np.clip(np.floor(tops + covered), 0, layout.rows), layout.rows).astype(
            np.uint32
        )
        levels = (1 + np.arange(layout.rows - 1) * FILL_LEVELS // max(layout.rows - 1, 1)).astype(np.uint32)
        self.cells.fill_below(rows, levels, layout.left)

    def _columns(self, x: Floats) -> Floats:
        extent = (self._plot.x.top - self._plot.x.bottom) or 1.0
        return (x - self._plot.x.bottom) / extent * (self._layout.columns - 1) + 0.5

    def _rows(self, values: Floats) -> Floats:
        return self._plot.y.rows(self._plot.axis.places(values), self._layout.rows)

    def _row(self, place: float) -> int:
        return int(self._plot.y.rows(np.array([place]), self._layout.rows)[0])


def plain_signs(text: str, graphs: Graphs) -> str:
    """The text with signs that the font has."""
    if graphs in (Graphs.BRAILLE, Graphs.QUADRANT):
        return text
    return "".join(_PLAIN_SIGNS.get(sign, sign) for sign in text)


def _groups(columns: Sequence[int], *, together: bool) -> list[list[int]]:
    """The indices of lines whose labels could meet, as their ends are so close, or of all `together`."""
    groups: list[list[int]] = []
    for index in sorted(range(len(columns)), key=lambda index: columns[index]):
        if groups and (together or columns[index] - columns[groups[-1][-1]] <= _LABEL_SPACING):
            groups[-1].append(index)
        else:
            groups.append([index])
    return groups


def spread_rows(rows: Sequence[float], count: int) -> list[int]:
    """Rows of cells as close to these as possible, all different, from 0 to `count` - 1 while there are enough."""
    order = sorted(range(len(rows)), key=lambda index: rows[index])
    places = [0] * len(rows)
    least = 0
    for index in order:
        places[index] = least = max(min(max(math.floor(rows[index]), 0), count - 1), least)
        least += 1
    most = count - 1
    for index in reversed(order):
        places[index] = min(places[index], most)
        most = places[index] - 1
    return places
