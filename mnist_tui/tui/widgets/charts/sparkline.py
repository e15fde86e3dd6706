"""Numbers as bars of block characters, all in one colour: Textual's Sparkline blends one for every bar, which
takes ten times as long, and these are drawn several times a second beside a training."""

from __future__ import annotations

from collections.abc import Sequence

_BLOCKS = " ▁▂▃▄▅▆▇█"
_LEVELS = len(_BLOCKS) - 1


def spark_rows(values: Sequence[float], rows: int) -> list[str]:
    """One column a value, the largest as high as the rows; the smallest keeps a mark. Top row first."""
    if not values:
        return [""] * rows
    low, high = min(values), max(values)
    span = high - low or 1.0
    heights = [1 + round((value - low) / span * (rows * _LEVELS - 1)) for value in values]
    return [
        "".join(_BLOCKS[min(max(height - row * _LEVELS, 0), _LEVELS)] for height in heights)
        for row in reversed(range(rows))
    ]
