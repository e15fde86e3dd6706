"""Curves of several runs in one chart: each can be found, and the one under the cursor stands out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from textual.app import ComposeResult
from textual.pilot import Pilot

from mnist_tui.tui.themed_app import ThemedApp
from mnist_tui.tui.widgets.charts.axes import ErrorAxis, LinearAxis, LogAxis
from mnist_tui.tui.widgets.charts.chart import Chart
from mnist_tui.tui.widgets.charts.overlay_chart import Curve, OverlayCharts

# Two good runs of which one is longer, and six that end together and close to each other.
ACCURACIES = [[97.0, 98.5, 99.25], [96.5, 99.2], *([50.0 + slot, 65.0 + slot / 4] for slot in range(6))]
CURVES = [Curve(slot, list(range(1, 1 + len(values))), values) for slot, values in enumerate(ACCURACIES)]
LOSSES = [Curve(curve.slot, curve.epochs, [1 - value / 100 for value in curve.values]) for curve in CURVES]


class Comparing(ThemedApp[None]):
    def compose(self) -> ComposeResult:
        yield OverlayCharts()


def with_charts(look: Callable[[OverlayCharts, Pilot[None]], Awaitable[None]]) -> None:
    async def drive() -> None:
        app = Comparing()
        async with app.run_test(size=(140, 24)) as pilot:
            charts = app.query_one(OverlayCharts)
            charts.show(CURVES, LOSSES)
            await pilot.pause()
            await look(charts, pilot)

    asyncio.run(drive())


def rows(chart: Chart) -> list[str]:
    return [chart.render_line(y).text for y in range(chart.size.height)]


def test_eight_runs_each_have_their_number_at_the_end_of_their_curve() -> None:
    async def look(charts: OverlayCharts, pilot: Pilot[None]) -> None:
        for chart in charts.charts:
            found = {
                int(sign): (row, column)
                for row, text in enumerate(rows(chart)[:-1])
                for column, sign in enumerate(text)
                if column > 6 and sign.isdigit()
            }
            assert set(found) == set(range(1, 9))
            assert len({found[number] for number in range(1, 9)}) == 8
            assert found[1][1] > found[2][1] == found[8][1]  # the first has one epoch more
        assert isinstance(charts.accuracy.plot.axis, ErrorAxis)

    with_charts(look)


def test_the_run_under_the_cursor_is_drawn_last_and_thick_and_the_others_fainter_but_their_numbers_are_not() -> None:
    async def look(charts: OverlayCharts, pilot: Pilot[None]) -> None:
        charts.emphasize(3)
        await pilot.pause()
        lines = charts.accuracy.plot.lines
        assert [line.name for line in lines][-1] == "run-3-full"
        assert [line.pen for line in lines] == ["thin"] * 7 + ["thick"]
        assert all(line.name.endswith("-faint") for line in lines[:-1])
        assert all(line.label_ink.endswith("-full") for line in lines)
        faint, full = (charts.accuracy.color_of(f"run-0-{strength}") for strength in ("faint", "full"))
        assert (faint.rgb, faint.a < full.a) == (full.rgb, True)

    with_charts(look)


def test_the_vertical_line_names_the_value_of_each_run_at_that_epoch_in_both_charts() -> None:
    async def look(charts: OverlayCharts, pilot: Pilot[None]) -> None:
        charts.emphasize(1)
        charts.accuracy.focus()
        await pilot.press("enter")
        await pilot.pause()
        assert "3  1 99.25" in rows(charts.accuracy)[-1]
        assert "3  1 0.0075" in rows(charts.loss)[-1]
        await pilot.press(*["left"] * 20)
        await pilot.pause()
        assert "2  2 99.20  1 98.50  3 65.00" in rows(charts.accuracy)[-1]

    with_charts(look)


@pytest.mark.parametrize(("index", "axis", "other"), [(0, ErrorAxis, LinearAxis), (1, LinearAxis, LogAxis)])
def test_y_gives_the_focused_chart_its_other_axis(index: int, axis: type, other: type) -> None:
    async def look(charts: OverlayCharts, pilot: Pilot[None]) -> None:
        chart, another = charts.charts[index], charts.charts[1 - index].plot.axis
        assert type(chart.plot.axis) is axis
        chart.focus()
        await pilot.press("y")
        await pilot.pause()
        assert type(chart.plot.axis) is other
        assert type(charts.charts[1 - index].plot.axis) is type(another)

    with_charts(look)
