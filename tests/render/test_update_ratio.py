"""How weights moved, as a table and as bars."""

from __future__ import annotations

import math

import pytest

from mnist_tui.events import WeightsMoved
from mnist_tui.render.sparkline import log_sparkline
from mnist_tui.render.update_ratio import small, update_ratio_table
from tests.render.samples import text


def moved(step: int, *ratios: float) -> WeightsMoved:
    return WeightsMoved(
        epoch=1,
        step=step,
        layers=("conv", "fc"),
        weight_norms=(2.0, 3.0),
        gradient_norms=(0.5, math.nan),
        update_ratios=ratios,
    )


def test_the_newest_numbers_and_the_highest_ratio() -> None:
    shown = text(update_ratio_table([moved(10, 0.02, 1e-3), moved(20, 1e-3, 1e-3)])).splitlines()
    conv = next(line.split() for line in shown if line.strip().startswith("conv"))
    assert conv == ["conv", "2.00", "5.0e-1", "1.0e-3", "2.0e-2", "█▁"]
    fc = next(line.split() for line in shown if line.strip().startswith("fc"))
    assert fc[2] == "–"
    assert "epoch 1, step 20" in shown[-1]


def test_a_log_without_update_ratios_says_so() -> None:
    assert "no update ratios" in text(update_ratio_table([]))


@pytest.mark.parametrize(
    ("value", "shown"), [(0, "0"), (0.00123, "1.2e-3"), (12.3, "1.2e1"), (math.nan, "–"), (math.inf, "–")]
)
def test_small_numbers(value: float, shown: str) -> None:
    assert small(value) == shown


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([], ""),
        ([0.0, math.nan], ""),
        ([1e-4, 1e-3], "▁█"),
        ([1e-3, 0.0, 1e-3], "▁ ▁"),
        ([1e-3, 2e-3], "▁▃"),  # a factor of two is no cliff
        ([1e-4] * 20 + [1e-3] * 20, "▁▁██"),
    ],
)
def test_bars_are_orders_of_magnitude(values: list[float], shown: str) -> None:
    assert log_sparkline(values, 4) == shown
