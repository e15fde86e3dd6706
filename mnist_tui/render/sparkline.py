"""Numbers as bars of block characters, all in one color.

Textual's Sparkline blends a color for every bar, which takes ten times as long, and these are drawn several times a
second beside a training.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from mnist_tui.render import graphs


def spark_rows(values: Sequence[float], rows: int) -> list[str]:
    """One column per value, the largest as high as the rows; the smallest keeps a mark. Top row first."""
    if not values:
        return [""] * rows
    levels = graphs.symbols().levels
    full = len(levels) - 1
    low, high = min(values), max(values)
    span = high - low or 1.0
    heights = [1 + round((value - low) / span * (rows * full - 1)) for value in values]
    return [
        "".join(levels[min(max(height - row * full, 0), full)] for height in heights) for row in reversed(range(rows))
    ]


def log_sparkline(values: Sequence[float], width: int) -> str:
    """Orders of magnitude in one row: the means of neighbors where there are more values than `width`."""
    logarithms = [math.log10(value) if value > 0 and math.isfinite(value) else math.nan for value in values]
    means = _means(logarithms, width)
    known = [mean for mean in means if not math.isnan(mean)]
    if not known:
        return ""
    low, span = min(known), max(max(known) - min(known), 1.0)  # less than a decade is no great change
    levels = graphs.symbols().levels
    return "".join(
        " " if math.isnan(mean) else levels[1 + round((mean - low) / span * (len(levels) - 2))] for mean in means
    )


def _means(values: Sequence[float], width: int) -> list[float]:
    count = min(len(values), width)
    bounds = [round(at * len(values) / count) for at in range(count + 1)] if count else []
    return [_mean(values[start:end]) for start, end in itertools.pairwise(bounds)]


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan
