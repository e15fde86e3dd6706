"""Lines of the progress panel: aligned bars, and facts that are left out whole rather than cut."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from textual.content import Content

from mnist_tui.render import graphs

_GAP = "   "
_LEAST_BAR = 10


@dataclass(frozen=True)
class Bar:
    """One line: a label, a fraction, and figures."""

    label: str
    fraction: float
    count: str
    left: str
    style: str


def bar_lines(bars: Sequence[Bar], width: int) -> Content:
    """The bars below one another, their parts in columns; without the counts where there is no room."""
    labels = max(len(bar.label) for bar in bars)
    tails = [_tails(bars, counted=True), _tails(bars, counted=False)]
    rooms = [width - labels - len(tail[0]) - 1 for tail in tails]
    chosen = 0 if rooms[0] >= _LEAST_BAR else 1
    lines = (
        Content.assemble(
            (f"{bar.label:<{labels}} ", "bold"),
            draw_bar(bar.fraction, max(0, rooms[chosen]), bar.style),
            (tail, "$foreground"),
        )
        for bar, tail in zip(bars, tails[chosen], strict=True)
    )
    return Content("\n").join(lines)


def _tails(bars: Sequence[Bar], *, counted: bool) -> list[str]:
    """What follows each bar, all of one length."""
    counts = max(len(bar.count) for bar in bars)
    lefts = max(len(bar.left) for bar in bars)
    return [
        f" {100 * bar.fraction:>3.0f} %"
        + (f"{_GAP}{bar.count:>{counts}}" if counted else "")
        + f"{_GAP}{bar.left:>{lefts}}"
        for bar in bars
    ]


def draw_bar(fraction: float, width: int, style: str) -> Content:
    """A bar of half cells, or of whole ones where the font has no halves."""
    symbols = graphs.symbols()
    halves = round(2 * width * min(max(fraction, 0.0), 1.0))
    done = symbols.bar * (halves // 2) + symbols.bar_half * (halves % 2)
    return Content.assemble((done, style), (symbols.bar_rest * (width - len(done)), "$guide"))


def fact_lines(facts: Iterable[tuple[str, str]], width: int, lines: int = 2) -> Content:
    """Pairs of label and value, one after the other; those that do not fit on `lines` are left out."""
    rows: list[list[Content]] = [[]]
    used = 0
    for label, value in facts:
        length = len(label) + 1 + len(value)
        if rows[-1] and used + len(_GAP) + length > width:
            if len(rows) == lines:
                break
            rows.append([])
        used = length if not rows[-1] else used + len(_GAP) + length
        rows[-1].append(Content.assemble((label, "$muted"), " ", (value, "bold")))
    return Content("\n").join(Content(_GAP).join(row) for row in rows)
