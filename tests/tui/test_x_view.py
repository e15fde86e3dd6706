"""Which epochs the charts show while a run goes on, and how the user moves among them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_tui.tui.widgets.charts.x_view import Extent, XView


def view(now: float, end: float) -> XView:
    opened = XView()
    opened.follow(Extent(now, end))
    return opened


@pytest.mark.parametrize(
    ("now", "end", "span"),
    [
        (0.0, 15, (0, 1)),
        (1.0, 15, (0, 1)),
        (1.01, 15, (0, 15)),
        (9.5, 15, (0, 15)),
        (15, 15, (0, 15)),
        (1, 1, (0, 1)),
        (1.5, 60, (0, 10)),
        (6, 60, (0, 60)),
        (16, 15, (0, 16)),
    ],
)
def test_the_first_epoch_fills_the_axis_then_all_epochs_do_and_stay(
    now: float, end: float, span: tuple[float, float]
) -> None:
    assert view(now, end).span == span


def test_zooming_in_first_shows_what_is_drawn_and_goes_on_with_it() -> None:
    zoomed = view(4, 15)
    zoomed.zoom_in()
    assert zoomed.span == (0, 4)
    zoomed.follow(Extent(5, 15))
    assert zoomed.span == (0, 5)
    zoomed.zoom_in()
    assert zoomed.span == (2.5, 5)
    zoomed.follow(Extent(6, 15))
    assert zoomed.span == (3.5, 6)
    zoomed.zoom_out()
    assert zoomed.span == (1, 6)
    zoomed.zoom_out()
    zoomed.zoom_out()
    assert not zoomed.is_zoomed
    assert zoomed.span == (0, 15)


def test_the_mouse_zooms_around_the_epoch_under_it() -> None:
    zoomed = view(15, 15)
    zoomed.zoom_in(at=5.0)
    first, last = zoomed.span
    assert (5.0 - first) / (last - first) == pytest.approx(1 / 3)
    assert last - first == pytest.approx(7.5)


@given(
    st.floats(0.0, 20.0),
    st.lists(st.sampled_from(["in", "out", "left", "right", "whole", "in at", "out at"]), max_size=40),
)
def test_no_way_of_moving_leaves_the_run_or_loses_its_end(now: float, moves: list[str]) -> None:
    moved = view(now, 20)
    for move in moves:
        first, last = moved.span
        match move.split():
            case ["in"]:
                moved.zoom_in()
            case ["out"]:
                moved.zoom_out()
            case ["in", "at"]:
                moved.zoom_in(at=first + 0.7 * (last - first))
            case ["out", "at"]:
                moved.zoom_out(at=first + 0.2 * (last - first))
            case ["whole"]:
                moved.reset()
            case [way]:
                moved.pan(1 if way == "right" else -1)
        first, last = moved.span
        assert 0 <= first < last
    for _ in range(200):
        moved.pan(1)
    assert moved.span[1] >= now - 0.02 - 1e-6
