"""The scales of the charts: round, around all values, and never without two labels."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_tui.tui.widgets.charts.axes import ErrorAxis, LinearAxis, LogAxis, Scale, fit_epochs


def labels(scale: Scale) -> list[str]:
    return [tick.label for tick in scale.ticks]


def places_in_rows(scale: Scale, rows: int) -> list[float]:
    return scale.rows(np.array([tick.place for tick in scale.ticks]), rows).tolist()


@pytest.mark.parametrize("rows", [3, 6, 9, 10, 17, 40])
@pytest.mark.parametrize(("low", "high"), [(0, 0.55), (85.4, 99.5), (0, 2.3), (97.11, 99.5), (0.01, 0.012)])
def test_ticks_stand_equally_far_apart_each_in_the_middle_of_a_row(low: float, high: float, rows: int) -> None:
    scale = LinearAxis(ceiling=100.0).fit(low, high, rows)

    assert scale.bottom <= low < high <= scale.top
    places = places_in_rows(scale, rows)
    assert len(places) >= 2
    assert [place % 1 for place in places] == pytest.approx([0.5] * len(places), abs=1e-6)
    assert max(tick.place for tick in scale.ticks) <= 100.0
    assert all(len(label) <= 5 for label in labels(scale))


@pytest.mark.parametrize("rows", range(2, 30))
def test_an_axis_from_0_has_its_0_in_the_lowest_row_which_is_that_of_the_other_axis(rows: int) -> None:
    scale = LinearAxis().fit(0, 0.0431, rows)

    assert scale.bottom == 0
    assert float(labels(scale)[0]) == 0
    assert int(places_in_rows(scale, rows)[0]) == rows - 1


@pytest.mark.parametrize("rows", range(2, 30))
@pytest.mark.parametrize("low", [0, 31.7, 84.2])
def test_accuracy_ends_at_100(low: float, rows: int) -> None:
    scale = LinearAxis(floor=0, ceiling=100).fit(low, 99.9, rows)

    assert scale.top == pytest.approx(100)
    assert labels(scale)[-1].startswith("100")


@given(st.floats(-1e15, 1e15), st.floats(0, 1e15), st.integers(2, 60), st.sampled_from([math.inf, 100.0]))
def test_every_range_gets_limits_around_it_and_two_labels(low: float, extent: float, rows: int, ceiling: float) -> None:
    """In two rows, for a single value, for losses of a training that explodes."""
    if ceiling < math.inf:
        low, extent = abs(low) % ceiling, extent % (ceiling - abs(low) % ceiling)
    scale = LinearAxis(floor=-math.inf if ceiling == math.inf else 0, ceiling=ceiling).fit(low, low + extent, rows)

    rounding = 1e-8 + 1e-12 * (abs(low) + extent)
    assert scale.bottom <= low + rounding
    assert low + extent <= scale.top + rounding
    assert scale.bottom < scale.top
    assert 2 <= len(scale.ticks) < 100


@given(st.floats(1e-6, 1e30), st.floats(1, 1e6), st.integers(2, 60))
def test_every_logarithmic_range_gets_limits_around_it_and_two_labels(low: float, factor: float, rows: int) -> None:
    scale = LogAxis().fit(low, low * factor, rows)

    assert scale.bottom <= math.log10(low) + 1e-6
    assert math.log10(low * factor) <= scale.top + 1e-6
    assert scale.bottom < scale.top
    assert 2 <= len(scale.ticks) < 100


@given(st.floats(0, 100), st.floats(0, 100), st.integers(2, 60))
def test_every_range_of_accuracies_fits_an_axis_by_error(one: float, other: float, rows: int) -> None:
    axis = ErrorAxis()
    low, high = sorted((one, other))
    scale = axis.fit(low, high, rows)

    places = axis.places(np.array([low, high]))
    assert scale.bottom <= places[0] + 1e-6
    assert places[1] <= scale.top + 1e-6
    assert 2 <= len(scale.ticks) < 100


def test_a_log_axis_is_labeled_with_the_values_themselves() -> None:
    scale = LogAxis().fit(0.01, 2, 20)

    assert labels(scale) == ["0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1", "2"]
    assert scale.bottom == -2


def test_an_axis_by_error_is_labeled_with_accuracies_and_gives_each_factor_the_same_room() -> None:
    axis = ErrorAxis()
    scale = axis.fit(90, 99.7, 20)

    assert labels(scale) == ["90", "97", "99", "99.7"]
    rows = scale.rows(axis.places(np.array([98.0, 99.0, 99.5])), 20)
    assert rows[0] - rows[1] == pytest.approx(rows[1] - rows[2])


@pytest.mark.parametrize("columns", [2, 6, 20, 60, 150])
@pytest.mark.parametrize("span", [(0, 1), (0, 2), (0, 15), (0, 17), (0, 60), (0, 1000), (1, 2), (2.1, 2.13), (3, 4.5)])
def test_an_axis_of_epochs_has_two_labels_whole_ones_unless_it_is_zoomed(
    span: tuple[float, float], columns: int
) -> None:
    scale = fit_epochs(*span, columns)

    assert len(scale.ticks) >= 2
    assert all(span[0] <= tick.place <= span[1] + 1e-9 for tick in scale.ticks)
    if columns >= 20 and span[1] - span[0] >= 2:
        assert all(label.isdigit() for label in labels(scale))


def test_the_last_epoch_is_labeled_too_where_there_is_room() -> None:
    assert labels(fit_epochs(0, 60, 60))[-1] == "60"
    assert labels(fit_epochs(0, 17, 20)) == ["0", "10", "17"]
    assert labels(fit_epochs(0, 15, 84)) == ["0", "2", "4", "6", "8", "10", "12", "15"]


@pytest.mark.parametrize("rows", range(5, 40))
def test_the_whole_scale_of_accuracies_has_more_than_its_ends(rows: int) -> None:
    assert len(labels(LinearAxis(floor=0, ceiling=100).fit(0, 100, rows))) >= 3
