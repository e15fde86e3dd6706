"""Mean, standard deviation and confidence interval of a few runs, without a statistics library."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Spread:
    """Statistics of a sample. The deviation and the interval of a single value are None."""

    count: int
    mean: float
    deviation: float | None
    """Of the sample, with n - 1."""
    margin: float | None
    """The mean's 95 % confidence interval is mean ± margin."""
    best: float
    worst: float


def compute_spread(values: Sequence[float]) -> Spread | None:
    """The statistics of these values, of which larger is better; None if there are none."""
    if not values:
        return None
    count = len(values)
    deviation = statistics.stdev(values) if count > 1 else None
    margin = None if deviation is None else t_quantile(count - 1) * deviation / math.sqrt(count)
    return Spread(count, statistics.fmean(values), deviation, margin, max(values), min(values))


@cache
def t_quantile(freedom: int, confidence: float = CONFIDENCE) -> float:
    """The t for which a Student t variable with `freedom` degrees lies within ± t with probability `confidence`.

    The inverse of `t_probability`, by bisection to the last bit but one.
    """
    low, high = 0.0, 1.0
    while t_probability(high, freedom) < confidence:
        low, high = high, 2 * high
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if t_probability(middle, freedom) < confidence else (low, middle)
    return high


def t_probability(t: float, freedom: int) -> float:
    """The probability that a Student t variable with `freedom` degrees lies within ± t.

    Finite sums for whole degrees of freedom: Abramowitz and Stegun, Handbook of Mathematical Functions (1964),
    26.7.3 for odd and 26.7.4 for even ones.
    """
    angle = math.atan(t / math.sqrt(freedom))
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = freedom % 2 == 1
    term = cosine if odd else 1.0
    total = 0.0 if freedom == 1 else term
    # Each term has the next odd (or even) number above, the one after it below, and two more cosines.
    for above in range(2 if odd else 1, freedom - 2, 2):
        term *= cosine**2 * above / (above + 1)
        total += term
    return 2 / math.pi * (angle + sine * total) if odd else sine * total
