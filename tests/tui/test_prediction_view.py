"""Bars and large digits: lengths, and that each digit looks like itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_tui.render.predictions import block_bar
from mnist_tui.tui.widgets.drawing import big_digit


@given(st.floats(0, 1), st.integers(1, 60))
def test_a_bar_is_as_long_as_its_share(share: float, width: int) -> None:
    bar = block_bar(share, width)
    assert len(bar) == width
    cells = bar.count("█") + sum(("▏▎▍▌▋▊▉".index(end) + 1) / 8 for end in bar.strip("█ "))
    assert cells == pytest.approx(share * width, abs=0.07)


def test_all_and_nothing() -> None:
    assert (block_bar(1.0, 4), block_bar(0.0, 4), block_bar(1.5, 4)) == ("████", "    ", "████")


@pytest.mark.parametrize("scale", [1, 2, 3, 4])
def test_large_digits_are_all_of_one_size_and_all_different(scale: int) -> None:
    drawn = {digit: big_digit.draw(digit, scale) for digit in "0123456789?"}
    assert {len(line) for lines in drawn.values() for line in lines} == {5 * scale}
    assert {len(lines) for lines in drawn.values()} == {-(-7 * scale // 2)}
    assert len({"\n".join(lines) for lines in drawn.values()}) == 11


def test_a_word_has_no_large_digit() -> None:
    assert big_digit.draw("Ankle boot") == []


@given(st.integers(1, 200), st.integers(1, 60))
def test_a_large_digit_goes_into_its_room(width: int, lines: int) -> None:
    scale = big_digit.scale_for(width, lines)
    drawn = big_digit.draw("8", scale)
    assert scale == 1 or (len(drawn[0]) <= width and len(drawn) <= lines + 1)
