"""The filters of the first layer: as training began, and now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.app import ComposeResult
from textual.events import Resize

from mnist_tui.render.pixels import Matrix, largest, resample, signed_image
from mnist_tui.tui.widgets.frame.panel import Panel
from mnist_tui.tui.widgets.frame.strip_lines import Line, StripLines, fit_line

if TYPE_CHECKING:
    from mnist_tui.inference.layer_images import Filters

_SCALES = (5, 4, 3, 2, 1)
_GAP = 1
_LABELS = ("start", "now")
_LABEL_WIDTH = 6
# How many filters are to be seen, rather than fewer of them larger.
_ENOUGH = (8, 4)
# From this width on, in cells, the title explains the colors.
_ROOMY = 42
_NONE = "The first layer has no 2-D filters to draw."


class FirstFiltersPanel(Panel):
    """Each filter under its own beginning, as many as fit, all on one scale of brightness."""

    DEFAULT_CSS = """
    FirstFiltersPanel { padding: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__("Filters · start → now", jump="F")
        self.lines = StripLines()
        self._grids: tuple[Sequence[Matrix], Sequence[Matrix]] = ((), ())

    def compose(self) -> ComposeResult:
        yield self.lines

    def on_resize(self, _: Resize) -> None:
        self._draw()

    def show_filters(self, first: Filters | None, now: Filters | None) -> None:
        """Draw these filters."""
        if now is None:
            self._grids = ((), ())
            self.lines.show_lines([[Segment(_NONE)]])
            return
        begun = first.weights.tolist() if first is not None and first.weights.shape == now.weights.shape else []
        self._grids = (begun, now.weights.tolist())
        self._draw()

    def _draw(self) -> None:
        begun, now = self._grids
        width, height = self.lines.size
        if not now or not width:
            return
        signs = "shades +, stripes −" if self.app.no_color else "orange +, blue −"
        self.border_title = f"Filters · start → now · {signs}" if width >= _ROOMY else "Filters · start → now"
        rows = [(label, grids) for label, grids in zip(_LABELS, (begun, now), strict=True) if grids]
        each = (height - (len(rows) - 1)) // len(rows)
        scale, across, per_label = _arrange(now, width - _LABEL_WIDTH, each)
        if not scale:
            rows = [
                (label, [resample(grid, -(-len(grid) // 2), -(-len(grid[0]) // 2)) for grid in grids])
                for label, grids in rows
            ]
        most = max(map(largest, (grid for _, grids in rows for grid in grids)), default=0.0)
        lines: list[Line] = []
        for label, grids in rows:
            drawn = [
                signed_image(grid, most=most, scale=scale or 1).lines(plain=self.app.no_color)
                for grid in grids[: across * per_label]
            ]
            lines += [[]] * bool(lines) + _label_rows(label, drawn, across)
        spare = max(0, height - len(lines)) // 2
        self.lines.show_lines([*([[]] * spare), *lines])


def _label_rows(label: str, drawn: Sequence[Sequence[Line]], across: int) -> list[Line]:
    """Images in rows of `across`, with the label before the first line."""
    lines: list[Line] = []
    for start in range(0, len(drawn), across):
        row = drawn[start : start + across]
        lines += [[]] * bool(lines)
        for parts in zip(*row, strict=True):
            begin = label if not lines else ""
            line = fit_line([Segment(begin)], _LABEL_WIDTH)
            lines.append([*line, *(part for image in parts for part in (*image, Segment(" " * _GAP)))])
    return lines


def _arrange(grids: Sequence[Matrix], width: int, height: int) -> tuple[int, int, int]:
    """Scale, filters in a row, and rows: the largest scale at which enough are seen. It is 0 for half the size."""
    high, wide = len(grids[0]), len(grids[0][0])
    found = []
    for scale in (*_SCALES, 0):
        columns = wide * scale or -(-wide // 2)
        lines = -(-(high * scale or -(-high // 2)) // 2)
        across, down = (width + _GAP) // (columns + _GAP), (height + 1) // (lines + 1)
        if across and down:
            shown = min(across * down, len(grids))
            found.append((shown, scale, min(across, shown), -(-shown // across)))
    if not found:
        return 0, 1, 1
    for enough in _ENOUGH:
        fitting = [(scale, across, down) for shown, scale, across, down in found if shown >= min(enough, len(grids))]
        if fitting:
            return max(fitting)
    return max(found)[1:]
