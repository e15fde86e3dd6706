"""The lines of the progress panel fit their width whatever it is."""

from __future__ import annotations

import pytest

from mnist_tui.tui.widgets.charts.bars import Bar, bar_lines, draw_bar, fact_lines

BARS = [
    Bar("epoch 4/15", 0.62, "2,331/3,750", "0:03 left", ""),
    Bar("run", 0.24, "6,412 img/s", "1:41 left", ""),
]


@pytest.mark.parametrize("width", [44, 60, 76, 116, 196])
def test_bars_line_up_and_fill_the_width(width: int) -> None:
    assert [len(line) for line in bar_lines(BARS, width).plain.splitlines()] == [width, width]


def test_counts_are_left_out_whole_where_there_is_no_room() -> None:
    assert "2,331" in bar_lines(BARS, 76).plain
    assert "2,3" not in bar_lines(BARS, 44).plain


@pytest.mark.parametrize(("fraction", "text"), [(0, "────"), (0.5, "━━──"), (0.625, "━━╸─"), (1, "━━━━"), (9, "━━━━")])
def test_a_bar_counts_half_cells(fraction: float, text: str) -> None:
    assert draw_bar(fraction, 4, "").plain == text


def test_facts_that_do_not_fit_are_left_out_whole() -> None:
    facts = [("best", "99 %"), ("final", "98 %"), ("in all", "9:00"), ("published", "99 %")]

    assert fact_lines(facts, 24).plain == "best 99 %   final 98 %\nin all 9:00"
