"""Lines of the progress panel: bars that line up, and facts that are dropped whole rather than cut."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from textual.content import Content

_GAP = "   "
_LEAST_BAR = 10


@dataclass(frozen=True)
class Bar:
    """One line: what moves, how far it is, and figures about it."""

    label: str
    fraction: float
    count: str
    left: str
    style: str


def bar_lines(bars: Sequence[Bar], width: int) -> Content:
    """The bars below one another, their parts in columns; without the counts where there is no room."""
    labels, counts, lefts = (
        max(len(text) for text in texts)
        for texts in zip(*((bar.label, bar.count, bar.left) for bar in bars), strict=True)
    )
    rest = width - labels - lefts - len(f"{_GAP}100 %{_GAP}")
    room = rest - counts - len(_GAP)
    counted = room >= _LEAST_BAR
    lines = []
    for bar in bars:
        count = f"{_GAP}{bar.count:>{counts}}" if counted else ""
        lines.append(
            Content.assemble(
                (f"{bar.label:<{labels}} ", "bold"),
                drawn(bar.fraction, max(0, (room if counted else rest) - 1), bar.style),
                f" {100 * bar.fraction:>3.0f} %",
                (f"{count}{_GAP}{bar.left:>{lefts}}", "$foreground 80%"),
            )
        )
    return Content("\n").join(lines)


def drawn(fraction: float, width: int, style: str) -> Content:
    """A bar of half cells."""
    halves = round(2 * width * min(max(fraction, 0.0), 1.0))
    done = "━" * (halves // 2) + "╸" * (halves % 2)
    return Content.assemble((done, style), ("─" * (width - len(done)), "$foreground 20%"))


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
        rows[-1].append(Content.assemble((label, "$foreground 70%"), " ", (value, "bold")))
    return Content("\n").join(Content(_GAP).join(row) for row in rows)
