"""The two charts: what they draw, how much of it, and the keys."""

from __future__ import annotations

import math

import numpy as np
import pytest
from textual.events import MouseScrollUp
from textual.pilot import Pilot

from mnist_tui.events import Event, RunPaused
from mnist_tui.runs.history import RunHistory
from mnist_tui.tui.widgets.charts.axes import ErrorAxis, LinearAxis, LogAxis
from mnist_tui.tui.widgets.charts.chart import Chart
from mnist_tui.tui.widgets.charts.curve_data import CurveData
from mnist_tui.tui.widgets.charts.loss_trace import LossTrace, moving_average
from mnist_tui.tui.widgets.charts.plot import ChartLine
from mnist_tui.tui.widgets.runs.run_view import RunView
from tests.patience import wait_until_async
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
    return next(line for line in chart.plot.lines if line.name == name)


def test_with_smoothing_an_average_runs_through_single_batches_and_without_it_the_batches_are_the_line() -> None:
    history = make_history(1)

    async def look(view: RunView, pilot: Pilot[None]) -> None:
        loss = charts(view)[0]
        assert line(loss, "raw").y == pytest.approx(history.batch_losses)
        assert line(loss, "train").y == pytest.approx(moving_average(np.array(history.batch_losses)))
        await pilot.press("m")
        await wait_until_settled(view, pilot)
        assert line(loss, "train").y == pytest.approx(history.batch_losses)
        assert all(line.name != "raw" for line in loss.plot.lines)

    with_run_view(look, history)


def test_an_average_neither_lags_behind_a_steep_curve_nor_has_a_cliff_where_an_epoch_ends() -> None:
    steps = np.arange(300)
    losses = 0.2 + 2.1 * np.exp(-steps / 20)
    averages = moving_average(losses)

    assert averages[0] == pytest.approx(losses[0])
    # Half the variance of the kernel, 7.9 bins², times the largest second derivative of the curve, 2.1 / 20².
    assert np.abs(averages - losses).max() < 7.9 / 2 * 2.1 / 400
    drops = -np.diff(averages)
    assert (np.diff(drops) < 1e-9).all()


def test_the_first_loss_is_in_view_while_the_first_epoch_runs_and_the_later_ones_fill_the_chart() -> None:
    history = make_history(0)
    history.apply(progress(1, 10, batch_losses=(2.3, 1.5, 1.2, 1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.5)))

    async def look(view: RunView, pilot: Pilot[None]) -> None:
        loss = charts(view)[0]
        assert (loss.plot.x.bottom, loss.plot.x.top) == (0, 1)
        assert 2.3 <= loss.plot.y.top <= 3
        for epoch in (1, 2):
            for event in epoch_events(epoch):
                history.apply(event)
        view.show(history)
        await wait_until_settled(view, pilot)
        assert (loss.plot.x.bottom, loss.plot.x.top) == (0, 5)

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


def test_y_draws_the_loss_on_a_logarithmic_axis_and_goes_back() -> None:
    async def toggle(view: RunView, pilot: Pilot[None]) -> None:
        loss = charts(view)[0]
        plain = line(loss, "test").y
        await pilot.press("y")
        await wait_until_settled(view, pilot)
        assert isinstance(loss.plot.axis, LogAxis)
        assert loss.plot.y.bottom <= math.log10(plain.min())
        assert "log scale" in str(view.curves.loss.border_subtitle)
        await pilot.press("y")
        await wait_until_settled(view, pilot)
        assert isinstance(loss.plot.axis, LinearAxis)

    with_run_view(toggle, make_history(3))


def test_validation_is_a_line_of_its_own() -> None:
    history = make_history(1)
    history.apply(row(2, validation_loss=0.25, validation_accuracy=0.98))

    async def look(view: RunView, pilot: Pilot[None]) -> None:
        assert line(charts(view)[1], "validation").y.tolist() == pytest.approx([98.0])

    with_run_view(look, history)


def test_a_long_run_draws_no_more_points_than_can_be_seen() -> None:
    async def look(view: RunView, pilot: Pilot[None]) -> None:
        for size in ((120, 36), (80, 24)):
            await pilot.resize_terminal(*size)
            await wait_until_settled(view, pilot)
            for chart in charts(view):
                assert all(0 < len(line.x) <= chart.columns for line in chart.plot.lines if line.name != "raw")
        assert len(view.epochs.rows.rows) == 1000

    with_run_view(look, make_history(1000, epochs=1000, steps=200))


def test_too_little_to_draw_is_no_error() -> None:
    async def look(view: RunView, pilot: Pilot[None]) -> None:
        await pilot.press("y", "m")
        few: list[list[Event]] = [[], [progress(1, 1)], [progress(1, 1, batch_losses=(math.nan,))]]
        for events in few:
            history = RunHistory()
            for event in (run_started(), *events):
                history.apply(event)
            view.show(history)
            await wait_until_settled(view, pilot)
            assert all(len(line.x) == 0 for line in charts(view)[0].plot.lines)

    with_run_view(look)


def test_losses_that_are_no_numbers_are_left_out() -> None:
    history = make_history(1)
    history.apply(progress(2, 3, batch_losses=(math.nan, math.inf, 0.5)))
    history.apply(row(2, train_loss=math.nan, test_loss=math.nan, test_accuracy=math.nan, best=False))

    async def look(view: RunView, pilot: Pilot[None]) -> None:
        for chart in charts(view):
            assert all(np.isfinite(line.y).all() for line in chart.plot.lines)

    with_run_view(look, history)


def test_nothing_new_draws_nothing() -> None:
    async def look(view: RunView, pilot: Pilot[None]) -> None:
        before = charts(view)[0].plot
        view.curves.draw_changes()
        assert charts(view)[0].plot is before

    with_run_view(look, make_history(2))


def in_view(chart: Chart) -> tuple[float, float]:
    return chart.plot.x.bottom, chart.plot.x.top


def test_zooming_holds_while_the_run_goes_on_until_0_shows_the_whole_and_the_chart_says_so() -> None:
    history = make_history(2)

    async def zoom(view: RunView, pilot: Pilot[None]) -> None:
        loss, accuracy = charts(view)
        loss.focus()
        await pilot.press("right_square_bracket")
        await wait_until_settled(view, pilot)
        assert in_view(loss) == (0, 2)  # what is drawn so far
        await pilot.press("right_square_bracket", "left")
        await wait_until_settled(view, pilot)
        zoomed = in_view(loss)
        assert zoomed == pytest.approx((0.8, 1.8))
        assert "●" not in [line.label[:1] for line in accuracy.plot.lines]  # the next epoch is not in view
        assert in_view(accuracy) == zoomed
        assert "zoomed · 0 resets" in str(view.curves.loss.border_subtitle)
        for event in epoch_events(3):
            history.apply(event)
        view.advance(history)
        await wait_until_settled(view, pilot)
        assert in_view(loss) == zoomed
        await pilot.press(*["right"] * 20)
        await wait_until_settled(view, pilot)
        assert in_view(loss) == pytest.approx((2, 3))  # the end of the curve, and with it from now on
        for event in epoch_events(4):
            history.apply(event)
        view.advance(history)
        await wait_until_settled(view, pilot)
        assert in_view(loss) == pytest.approx((3, 4))
        await pilot.press("0")
        await wait_until_settled(view, pilot)
        assert in_view(loss) == (0, 5)
        assert "zoomed" not in str(view.curves.loss.border_subtitle)

    with_run_view(zoom, history)


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


def drawn(chart: Chart) -> str:
    return "\n".join(chart.render_line(y).text for y in range(chart.size.height))


def test_the_best_epoch_carries_a_star_and_the_newest_values_stand_at_the_ends_of_the_lines() -> None:
    async def look(view: RunView, pilot: Pilot[None]) -> None:
        loss, accuracy = charts(view)
        star = line(accuracy, "best")
        assert (star.x.tolist(), star.marker) == ([3.0], "★")
        assert all(words in drawn(accuracy) for words in ("★", "● 98.33", "━ 96.67"))
        assert "● 0.267" in drawn(loss)

    with_run_view(look, make_history(3))


def test_the_accuracy_within_epochs_is_kept_and_the_first_is_a_curve_also_when_the_run_ends_with_it() -> None:
    history = make_history(0, epochs=1)
    for step in range(1, 20):
        history.apply(progress(1, step, epochs=1, accuracy=step / 20))

    async def look(view: RunView, pilot: Pilot[None]) -> None:
        accuracy = charts(view)[1]
        history.apply(row(1, epochs=1, train_accuracy=0.95))
        view.advance(history)
        await wait_until_settled(view, pilot)
        curve = line(accuracy, "train")
        assert len(curve.x) >= 10
        assert (curve.x[-1], curve.y[-1]) == (1, pytest.approx(95))
        assert curve.y[0] == pytest.approx(5)
        history.apply(progress(2, 10, epochs=2, accuracy=0.9))
        history.apply(row(2, epochs=2))
        history.apply(progress(3, 1, epochs=3, accuracy=0.9))
        view.advance(history)
        await wait_until_settled(view, pilot)
        assert line(accuracy, "raw").x.tolist() == [1.5, 2.05]
        assert line(accuracy, "train").x[0] == curve.x[0]

    with_run_view(look, history)


def test_epochs_are_not_mixed_where_the_first_one_has_more_points_than_can_be_seen() -> None:
    history = make_history(0)
    for step in range(1, 128):
        history.apply(progress(1, step, steps=128, accuracy=0.5))
    for epoch in range(1, 5):
        history.apply(row(epoch, train_accuracy=1 - 0.1 / epoch))

    data = CurveData()
    data.read(history)
    curve = next(line for line in data.accuracy_lines((0, 5), 40) if line.name == "train")

    assert len(curve.x) <= 40
    assert curve.x[-3:].tolist() == [2, 3, 4]
    assert curve.y[-3:] == pytest.approx([95, 100 - 10 / 3, 97.5])


def test_a_bin_at_the_end_of_the_run_is_drawn_only_when_all_its_batches_are_there() -> None:
    trace = LossTrace()
    trace.update(0, [1.0] * 95)
    ends, means = trace.bins(0, 1000, 100)
    assert ends.tolist() == [10 * count for count in range(1, 10)]
    assert means.tolist() == [1.0] * 9
    trace.update(95, [9.0] * 5)
    assert trace.bins(0, 1000, 100)[1].tolist() == [*means, 5.0]


def test_late_accuracies_are_drawn_by_error_so_that_they_are_not_one_flat_line() -> None:
    history = make_history(0, epochs=60)
    for epoch in range(1, 61):
        history.apply(row(epoch, epochs=60, test_accuracy=1 - 0.04 / epoch**0.6, train_accuracy=1 - 0.1 / epoch**0.6))

    async def look(view: RunView, pilot: Pilot[None]) -> None:
        accuracy = charts(view)[1]
        assert isinstance(accuracy.plot.axis, ErrorAxis)
        places = accuracy.plot.axis.places(line(accuracy, "test").y)
        rows = accuracy.plot.y.rows(places, accuracy.rows)
        assert rows[4] - rows[-1] > 3  # from epoch 5 to 60
        assert "by error" in str(view.curves.accuracy.border_subtitle)
        accuracy.focus()
        await pilot.press("y")
        await wait_until_settled(view, pilot)
        assert isinstance(accuracy.plot.axis, LinearAxis)
        assert not view.curves.log_scale

    with_run_view(look, history)


def test_every_axis_has_two_labels_in_a_small_terminal_whatever_the_run_has() -> None:
    async def look(view: RunView, pilot: Pilot[None]) -> None:
        for finished in (0, 1, 3):
            view.show(make_history(finished, epochs=3))
            for _ in ("linear", "logarithmic"):
                await pilot.press("y")
                await wait_until_settled(view, pilot)
                for chart in charts(view):
                    text = drawn(chart).splitlines()
                    assert sum(line[:5].strip() != "" for line in text[:-1]) >= 2, text
                    assert len(text[-1].split()) >= 2, text

    with_run_view(look, size=(80, 24))


def colors(chart: Chart) -> set[str]:
    return {
        segment.style.color.triplet.hex
        for y in range(chart.size.height)
        for segment in chart.render_line(y)
        if segment.style and segment.style.color and segment.style.color.triplet
    }


def test_a_change_of_theme_changes_the_colors_of_charts_that_have_nothing_new() -> None:
    history = make_history(3)
    history.apply(RunPaused(epoch=3, step=60))

    async def toggle(view: RunView, pilot: Pilot[None]) -> None:
        seen = []
        for theme in ("textual-light", "textual-dark", "textual-light"):
            view.app.theme = theme
            await pilot.pause()
            chart = charts(view)[0]
            expected = chart.get_component_styles("chart--test").color.hex.lower()
            assert expected in colors(chart)
            seen.append(colors(chart))
        assert seen[0] == seen[2]
        assert not seen[0] & seen[1]
        # A tint of a terminal's own colors would be one of them, as strong as the curve.
        view.app.theme = "ansi-dark"
        await pilot.pause()
        grounds = {
            segment.style.bgcolor for y in range(9) for segment in charts(view)[0].render_line(y) if segment.style
        }
        assert len(grounds) == 1

    with_run_view(toggle, history)


def test_enter_puts_a_line_over_both_charts_which_the_arrows_move_and_esc_removes() -> None:
    history = make_history(3)

    async def point(view: RunView, pilot: Pilot[None]) -> None:
        loss, accuracy = charts(view)
        loss.focus()
        await pilot.press("enter")
        at = loss.crosshair
        assert at == accuracy.crosshair == 3
        before = loss.plot
        await pilot.press("left", "left")
        await pilot.pause()
        assert loss.crosshair == accuracy.crosshair
        assert loss.crosshair is not None
        assert 2.5 < loss.crosshair < at
        assert loss.plot is before  # nothing is drawn again
        columns = {row.index("│") for row in drawn(loss).splitlines() if "│" in row}
        assert columns == {row.index("│") for row in drawn(accuracy).splitlines() if "│" in row}
        assert len(columns) == 1
        assert f"{loss.crosshair:.2f}" in drawn(loss).splitlines()[-1]
        assert "● 0.267" in drawn(loss).splitlines()[-1]
        assert "● 98.33" in drawn(accuracy).splitlines()[-1]
        await pilot.press("escape")
        await pilot.pause()
        assert loss.crosshair is accuracy.crosshair is None
        assert "│" not in drawn(loss)
        assert "0.267" not in drawn(loss).splitlines()[-1]

    with_run_view(point, history)


def test_the_mouse_shows_the_values_below_it_and_a_click_keeps_them() -> None:
    async def point(view: RunView, pilot: Pilot[None]) -> None:
        loss, accuracy = charts(view)
        await pilot.hover(accuracy, offset=(20, 3))
        await wait_until_async(lambda: accuracy.crosshair is not None, pilot.pause, lambda: "")
        hovered = accuracy.crosshair
        assert hovered == loss.crosshair
        await pilot.hover(view.epochs)
        await wait_until_async(lambda: accuracy.crosshair is None, pilot.pause, lambda: "")
        accuracy.post_message(MouseScrollUp(accuracy, 20, 3, 0, 0, 0, False, False, False))
        await pilot.pause()
        assert view.screen.focused is accuracy
        await pilot.press("0")
        await pilot.pause()
        assert not view.curves.view.is_zoomed
        await pilot.click(accuracy, offset=(20, 3))
        await pilot.hover(view.epochs)
        assert accuracy.crosshair == hovered

    with_run_view(point, make_history(3))


def test_a_reference_run_is_drawn_behind_the_other_and_can_be_taken_away() -> None:
    async def look(view: RunView, pilot: Pilot[None]) -> None:
        view.curves.show_reference("the best one", make_history(5))
        await wait_until_settled(view, pilot)
        for chart in charts(view):
            names = [line.name for line in chart.plot.lines]
            assert names.index("ghost-test") < names.index("train")
        assert line(charts(view)[1], "ghost-test").x.tolist() == [1, 2, 3, 4, 5]
        assert "the best one" in str(view.curves.accuracy.border_subtitle)
        view.curves.show_reference("", None)
        await wait_until_settled(view, pilot)
        assert not any(line.name.startswith("ghost") for line in charts(view)[1].plot.lines)

    with_run_view(look, make_history(2))
