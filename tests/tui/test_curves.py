"""The two charts: what they draw, how much of it, and the keys."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.pilot import Pilot

from mnist_tui.events import Event
from mnist_tui.runs.history import RunHistory
from mnist_tui.tui.widgets.charts.axes import LogAxis, ValueAxis
from mnist_tui.tui.widgets.charts.chart import Chart, ChartLine
from mnist_tui.tui.widgets.charts.loss_trace import LossTrace
from mnist_tui.tui.widgets.runs.run_view import RunView
from tests.tui.support import (
    RunApp,
    epoch_events,
    make_history,
    progress,
    row,
    run_started,
    wait_until_settled,
    with_run_view,
)


def charts(view: RunView) -> tuple[Chart, Chart]:
    loss, accuracy = view.query(Chart)
    return loss, accuracy


def line(chart: Chart, name: str) -> ChartLine:
    return next(line for line in chart.lines if line.name == name)


def test_the_smoothed_training_loss_ends_each_epoch_at_the_mean_of_its_batches() -> None:
    history = make_history(3)

    async def look(view: RunView, pilot: Pilot[None]) -> None:
        curve = line(charts(view)[0], "train")
        drawn = curve.y[np.searchsorted(curve.x, 2.0)]
        assert drawn == pytest.approx(np.mean(history.batch_losses[20:40]))

    with_run_view(look, history)


def test_without_smoothing_the_batch_losses_are_drawn_as_they_come() -> None:
    history = make_history(1)

    async def look(view: RunView, pilot: Pilot[None]) -> None:
        await pilot.press("m")
        await wait_until_settled(view, pilot)
        assert line(charts(view)[0], "train").y == pytest.approx(history.batch_losses)

    with_run_view(look, history)


def test_the_running_epoch_is_drawn_as_it_goes() -> None:
    history = make_history(2)

    async def look(view: RunView, pilot: Pilot[None]) -> None:
        for step in (10, 15):
            history.apply(progress(3, step, accuracy=0.95, batch_losses=(0.1,) * 5))
            view.advance(history)
            view.curves.draw_changes()
        loss, accuracy = charts(view)
        assert line(accuracy, "train").x[-1] == pytest.approx(2.75)
        assert line(accuracy, "train").y[-1] == pytest.approx(95.0)
        assert line(loss, "train").x[-1] == pytest.approx(2.5)
        assert line(accuracy, "test").x[-1] == 2

    with_run_view(look, history)


def test_the_log_scale_draws_logarithms_and_goes_back() -> None:
    async def toggle(view: RunView, pilot: Pilot[None]) -> None:
        loss = charts(view)[0]
        plain = line(loss, "test").y
        await pilot.press("y")
        await wait_until_settled(view, pilot)
        assert line(loss, "test").y == pytest.approx(np.log10(plain))
        assert "log scale" in str(view.curves.loss.border_subtitle)
        await pilot.press("y")
        await wait_until_settled(view, pilot)
        assert line(loss, "test").y == pytest.approx(plain)

    with_run_view(toggle, make_history(3))


def test_validation_is_a_line_of_its_own() -> None:
    history = make_history(1)
    history.apply(row(2, validation_loss=0.25, validation_accuracy=0.98))

    async def look(view: RunView, pilot: Pilot[None]) -> None:
        assert line(charts(view)[1], "validation").y.tolist() == pytest.approx([98.0])

    with_run_view(look, history)


def test_a_long_run_draws_no_more_points_than_can_be_seen() -> None:
    async def look(view: RunView, pilot: Pilot[None]) -> None:
        for size in ((200, 60), (80, 24)):
            await pilot.resize_terminal(*size)
            await wait_until_settled(view, pilot)
            for chart in charts(view):
                assert all(0 < len(line.x) <= chart.columns for line in chart.lines)
        assert len(view.epochs.rows.rows) == 1000

    with_run_view(look, make_history(1000, epochs=1000, steps=200))


@pytest.mark.parametrize("events", [[], [progress(1, 1)], [progress(1, 1, batch_losses=(math.nan,))]])
def test_too_little_to_draw_is_no_error(events: Sequence[Event]) -> None:
    history = RunHistory()
    for event in (run_started(), *events):
        history.apply(event)

    async def look(view: RunView, pilot: Pilot[None]) -> None:
        await pilot.press("y", "m")
        await wait_until_settled(view, pilot)
        assert len(charts(view)[0].lines[0].x) == 0

    with_run_view(look, history)


def test_losses_that_are_no_numbers_are_left_out() -> None:
    history = make_history(1)
    history.apply(progress(2, 3, batch_losses=(math.nan, math.inf, 0.5)))
    history.apply(row(2, train_loss=math.nan, test_loss=math.nan, test_accuracy=math.nan, best=False))

    async def look(view: RunView, pilot: Pilot[None]) -> None:
        for chart in charts(view):
            assert all(np.isfinite(line.y).all() for line in chart.lines)

    with_run_view(look, history)


def test_nothing_new_draws_nothing() -> None:
    async def look(view: RunView, pilot: Pilot[None]) -> None:
        before = charts(view)[0].lines
        view.curves.draw_changes()
        assert charts(view)[0].lines is before

    with_run_view(look, make_history(2))


def test_zooming_holds_while_the_run_goes_on_until_0_shows_the_whole() -> None:
    history = make_history(2)

    async def zoom(view: RunView, pilot: Pilot[None]) -> None:
        loss = charts(view)[0]
        loss.focus()
        await pilot.press("right_square_bracket", "right")
        await wait_until_settled(view, pilot)
        zoomed = loss.view
        assert 0 < zoomed.x_min < zoomed.x_max < 2.5
        for event in epoch_events(3):
            history.apply(event)
        view.advance(history)
        await wait_until_settled(view, pilot)
        assert loss.view == zoomed
        await pilot.press("0")
        await wait_until_settled(view, pilot)
        assert (loss.view.x_min, loss.view.x_max) == (0, 3)

    with_run_view(zoom, history)


def test_moving_a_zoomed_chart_holds_too() -> None:
    history = make_history(2)

    async def pan(view: RunView, pilot: Pilot[None]) -> None:
        loss = charts(view)[0]
        loss.focus()
        await pilot.press("left")
        await wait_until_settled(view, pilot)
        moved = loss.view
        for event in epoch_events(3):
            history.apply(event)
        view.advance(history)
        await wait_until_settled(view, pilot)
        assert loss.view == moved
        assert moved.x_min < 0

    with_run_view(pan, history)


def test_plus_stays_with_the_screen_while_a_chart_has_the_focus() -> None:
    async def press(view: RunView, pilot: Pilot[None]) -> None:
        charts(view)[0].focus()
        await pilot.press("plus")
        assert isinstance(view.app, RunApp)
        assert view.app.counted == 1

    with_run_view(press, make_history(1))


def test_a_trace_gives_the_mean_of_any_stretch() -> None:
    trace = LossTrace()
    values = np.random.default_rng(0).random(5000)
    for at in range(0, 5000, 7):
        trace.update(at, values[at : at + 7].tolist())
    trace.update(4000, [1.0, math.nan, 3.0])

    assert trace.steps == 4003
    assert trace.means(np.array([10, 4000]), np.array([900, 4003])) == pytest.approx([values[10:900].mean(), 2.0])


@pytest.mark.parametrize("rows", [3, 6, 9, 10, 17, 40])
@pytest.mark.parametrize(("low", "high"), [(0, 0.55), (85.4, 99.5), (0, 2.3), (97.11, 99.5), (0.01, 0.012)])
def test_ticks_stand_equally_far_apart_each_in_the_middle_of_a_row(low: float, high: float, rows: int) -> None:
    axis = ValueAxis(ceiling=100.0)
    bottom, top = axis.spread(low, high, rows)

    assert bottom <= low < high <= top
    ticks = axis.get_ticks(bottom, top)
    places = [(tick - bottom) / (top - bottom) * rows for tick in ticks]
    assert ticks
    assert [place % 1 for place in places] == pytest.approx([0.5] * len(ticks), abs=1e-6)
    assert max(ticks) <= 100.0


@given(
    st.floats(-1e15, 1e15),
    st.floats(0, 1e15),
    st.integers(1, 60),
    st.sampled_from([math.inf, 100.0]),
)
def test_every_range_gets_limits_around_it(low: float, extent: float, rows: int, ceiling: float) -> None:
    """In one row, for a single value, for losses of a training that explodes."""
    if ceiling < math.inf:
        low, extent = abs(low) % ceiling, extent % (ceiling - abs(low) % ceiling)
    axis = ValueAxis(ceiling=ceiling)
    bottom, top = axis.spread(low, low + extent, rows)
    assert bottom <= low
    assert low + extent <= top
    assert bottom < top
    ticks, labels = axis.get_ticks_and_labels(bottom, top)
    assert len(ticks) == len(labels) < 100


def test_an_axis_that_was_zoomed_takes_the_ticks_that_fit() -> None:
    axis = ValueAxis()
    axis.spread(0, 100, 10)
    axis.reset_step()
    assert axis.get_ticks(0.1, 0.2) == pytest.approx([0.1, 0.12, 0.14, 0.16, 0.18, 0.2])


def test_epochs_are_told_in_whole_numbers() -> None:
    axis = ValueAxis(smallest=1)
    axis.room = 4
    assert all(tick == round(tick) for epochs in range(1, 40) for tick in axis.get_ticks(0, epochs))


def test_the_best_epoch_carries_a_star() -> None:
    async def look(view: RunView, pilot: Pilot[None]) -> None:
        star = line(charts(view)[1], "best")
        assert (star.x.tolist(), star.marker) == ([3.0], "★")
        assert "★" in "".join(strip.text for strip in map(charts(view)[1].query_one("#plot").render_line, range(8)))

    with_run_view(look, make_history(3))


@pytest.mark.parametrize("room", [2, 3, 5, 8])
@pytest.mark.parametrize(("low", "high"), [(0, 2.3), (84.2, 99.9), (0.01, 0.012), (-1e-6, 1e-6)])
def test_ticks_are_round_and_fit_their_room(low: float, high: float, room: int) -> None:
    axis = ValueAxis()
    axis.room = room

    ticks, labels = axis.get_ticks_and_labels(low, high)

    assert len(ticks) <= room + 1
    assert all(low - 1e-9 <= tick <= high + 1e-9 for tick in ticks)
    assert all(len(label) <= 5 for label in labels)


def test_a_log_axis_is_labeled_with_the_values_themselves() -> None:
    ticks, labels = LogAxis().get_ticks_and_labels(-2, 0.3)

    assert ticks[0] == -2
    assert labels[0] == "0.01"
    assert "1" in labels


def test_epochs_have_whole_ticks() -> None:
    assert ValueAxis(smallest=1).get_ticks(0, 2) == [0, 1, 2]
