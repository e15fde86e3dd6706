"""One bar for a whole run: a tick at the end of each epoch, and the running epoch brighter."""

from __future__ import annotations

from textual.content import Content

# Ticks closer than this would be all there is to see.
_LEAST_SPACING = 4
_DONE, _HALF, _LEFT = "━", "╸", "─"
_TICK_DONE, _TICK_LEFT = "┿", "┆"
_FINISHED_STYLE, _LEFT_STYLE = "$primary 60%", "$line"


def run_bar(done: float, epochs: int, width: int, style: str) -> Content:
    """A bar of `width` cells for `epochs` epochs, of which `done` are done; the running one has `style`."""
    if width <= 0 or epochs <= 0:
        return Content("")
    done = min(max(done, 0.0), float(epochs))
    halves = round(2 * width * done / epochs)
    cells = _DONE * (halves // 2) + _HALF * (halves % 2)
    cells += _LEFT * (width - len(cells))
    begin = min(round(width * int(done) / epochs), halves // 2)
    end = -(-halves // 2)
    for place in _ticks(epochs, width):
        tick = _TICK_DONE if place < halves // 2 else _TICK_LEFT
        cells = cells[:place] + tick + cells[place + 1 :]
    before = _FINISHED_STYLE if end > begin else style
    return Content.assemble((cells[:begin], before), (cells[begin:end], style), (cells[end:], _LEFT_STYLE))


def _ticks(epochs: int, width: int) -> list[int]:
    """The cells in which epochs end; every second, fifth or tenth epoch where there are many."""
    for every in (1, 2, 5, 10, 20, 50, 100):
        if width * every >= _LEAST_SPACING * epochs:
            return [round(width * epoch / epochs) for epoch in range(every, epochs, every)]
    return []
