"""Numbers as people read them."""

from __future__ import annotations

import math

import pytest

from mnist_tui.render import formatting


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0.0 s"),
        (9.14, "9.1 s"),
        (59.9, "59.9 s"),
        (59.96, "1:00"),
        (101, "1:41"),
        (3599.6, "1:00:00"),
        (7385, "2:03:05"),
        (math.nan, "–"),
    ],
)
def test_durations(seconds: float, shown: str) -> None:
    assert formatting.duration(seconds) == shown


@pytest.mark.parametrize(
    ("rate", "shown"),
    [(0.01, "0.01000"), (0.00812, "0.00812"), (1e-4, "0.00010"), (4e-8, "4.0e-08"), (0, "0.00000")],
)
def test_learning_rates_are_equally_wide(rate: float, shown: str) -> None:
    assert formatting.rate(rate) == shown
    assert len(shown) == 7


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "0 B"), (999, "999 B"), (27_160, "27.2 kB"), (9_912_422, "9.9 MB"), (2e9, "2.0 GB")],
)
def test_sizes(count: float, shown: str) -> None:
    assert formatting.byte_size(count) == shown


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "0"), (56_448, "56,448"), (999_999, "999,999"), (1_306_144, "1.31 M"), (None, "unknown")],
)
def test_large_counts(count: int | None, shown: str) -> None:
    assert formatting.millions(count) == shown


@pytest.mark.parametrize(
    ("total", "unit", "shown"),
    [
        (9_912_422, "bytes", "21.0 kB of 9.9 MB"),
        (None, "bytes", "21.0 kB"),
        (60_000, "images", "21,000 of 60,000 images"),
        (None, "images", "21,000 images"),
    ],
)
def test_data_on_their_way(total: int | None, unit: str, shown: str) -> None:
    assert formatting.amount(21_000, total, unit) == shown


def test_what_is_not_known_is_a_dash() -> None:
    assert [
        formatting.percent(math.nan),
        formatting.bare_percent(None),
        formatting.loss(None),
        formatting.loss(math.inf),
    ] == ["–"] * 4
    assert [formatting.percent(0.9947), formatting.bare_percent(1.0), formatting.loss(0.5)] == [
        "99.47 %",
        "100.00",
        "0.5000",
    ]
