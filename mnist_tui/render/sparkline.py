"""Numbers as bars of block characters, all in one color.

Textual's Sparkline blends a color for every bar, which takes ten times as long, and these are drawn several times a
second beside a training.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

_BLOCKS = " ▁▂▃▄▅▆▇█"
_LEVELS = len(_BLOCKS) - 1


def spark_rows(values: Sequence[float], rows: int) -> list[str]:
    """One column per value, the largest as high as the rows; the smallest keeps a mark. Top row first."""
    if not values:
        return [""] * rows
    low, high = min(values), max(values)
    span = high - low or 1.0
    heights = [1 + round((value - low) / span * (rows * _LEVELS - 1)) for value in values]
    return [
        "".join(_BLOCKS[min(max(height - row * _LEVELS, 0), _LEVELS)] for height in heights)
        for row in reversed(range(rows))
    ]


def log_sparkline(values: Sequence[float], width: int) -> str:
    """Orders of magnitude in one row: the means of neighbors where there are more values than `width`."""
    logarithms = [math.log10(value) if value > 0 and math.isfinite(value) else math.nan for value in values]
    means = _means(logarithms, width)
    known = [mean for mean in means if not math.isnan(mean)]
    if not known:
        return ""
    low, span = min(known), max(max(known) - min(known), 1.0)  # less than a decade is no great change
    return "".join(
        " " if math.isnan(mean) else _BLOCKS[1 + round((mean - low) / span * (_LEVELS - 1))] for mean in means
    )


def _means(values: Sequence[float], width: int) -> list[float]:
    count = min(len(values), width)
    bounds = [round(at * len(values) / count) for at in range(count + 1)] if count else []
    return [_mean(values[start:end]) for start, end in itertools.pairwise(bounds)]


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan
