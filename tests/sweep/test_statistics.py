"""Mean, deviation and interval, against published tables and a computation done by hand."""

from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_tui.sweep.statistics import compute_spread, t_probability, t_quantile

# Two-sided 95 %: the table of Student's t in any statistics book.
TABLE = {
    1: 12.706,
    2: 4.303,
    3: 3.182,
    4: 2.776,
    5: 2.571,
    8: 2.306,
    9: 2.262,
    14: 2.145,
    29: 2.045,
    30: 2.042,
    60: 2.000,
    120: 1.980,
}


@pytest.mark.parametrize("freedom", TABLE)
def test_quantiles_are_those_of_the_tables(freedom: int) -> None:
    assert round(t_quantile(freedom), 3) == TABLE[freedom]


def test_other_confidences_too() -> None:
    assert [round(t_quantile(9, level), 3) for level in (0.8, 0.9, 0.99)] == [1.383, 1.833, 3.250]


def test_with_many_degrees_it_is_the_normal_distribution() -> None:
    assert t_quantile(10_000) == pytest.approx(statistics.NormalDist().inv_cdf(0.975), abs=3e-4)


@given(st.integers(1, 200), st.floats(0, 50))
def test_a_probability_is_one(freedom: int, t: float) -> None:
    assert -1e-12 <= t_probability(t, freedom) <= 1 + 1e-12


def test_one_degree_is_cauchys_distribution() -> None:
    assert t_probability(1, 1) == pytest.approx(0.5)
    assert t_probability(2, 1) == pytest.approx(2 / math.pi * math.atan(2))


def test_ten_seeds() -> None:
    accuracies = [0.9953, 0.9951, 0.9940, 0.9953, 0.9960, 0.9949, 0.9949, 0.9946, 0.9946, 0.9944]
    found = compute_spread(accuracies)
    assert found is not None
    assert (found.count, found.best, found.worst) == (10, 0.9960, 0.9940)
    assert found.mean == pytest.approx(0.99491)
    assert found.deviation == pytest.approx(0.0005587, abs=1e-7)
    assert found.margin == pytest.approx(2.262157 * found.deviation / math.sqrt(10))


def test_one_value_has_no_deviation_and_none_has_nothing() -> None:
    one = compute_spread([0.99])
    assert one is not None
    assert (one.count, one.mean, one.deviation, one.margin) == (1, 0.99, None, None)
    assert compute_spread([]) is None


@given(st.lists(st.floats(0, 1), min_size=2, max_size=20))
def test_the_mean_lies_within(values: list[float]) -> None:
    found = compute_spread(values)
    assert found is not None
    assert found.worst - 1e-12 <= found.mean <= found.best + 1e-12
    assert found.margin is not None
    assert found.margin >= 0
