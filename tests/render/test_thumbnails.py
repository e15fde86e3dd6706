"""Thumbnails: four pixels per cell, in two grays each, or in shades without color."""

from __future__ import annotations

import pytest
from rich.segment import Segment

from mnist_tui.render.pixels import resample
from mnist_tui.render.thumbnails import Thumbnail, thumbnail

SIDE = 28


def stroke(columns: slice) -> list[list[float]]:
    """A vertical line from top to bottom."""
    return [[255.0 if at in range(SIDE)[columns] else 0.0 for at in range(SIDE)] for _ in range(SIDE)]


def text(lines: list[list[Segment]]) -> list[str]:
    return ["".join(segment.text for segment in line) for line in lines]


def test_means_are_taken_over_equal_stretches_which_may_divide_pixels() -> None:
    assert resample([[1, 2, 3, 4]], 1, 2) == [[1.5, 3.5]]
    assert resample([[0, 3, 3], [0, 3, 3]], 1, 2) == [[1.0, 3.0]]
    assert resample([[1, 2], [3, 4]], 2, 2) == [[1, 2], [3, 4]]


@pytest.mark.parametrize("lines", [3, 4, 7, 14])
@pytest.mark.parametrize("quadrants", [True, False])
def test_a_thumbnail_is_twice_as_wide_as_high_in_cells(lines: int, quadrants: bool) -> None:
    drawn = thumbnail(stroke(slice(12, 16)), lines, quadrants=quadrants)
    assert (drawn.width, drawn.height) == (2 * lines, lines)
    for plain in (True, False):
        assert [len(line) for line in text(drawn.lines(plain=plain))] == [2 * lines] * lines


def test_a_cell_shows_the_half_that_is_inked() -> None:
    levels = [[0.0, 1.0, 1.0, 1.0], [0.0, 1.0, 0.0, 0.0]]
    (line,) = Thumbnail(levels).lines()
    assert text([line]) == ["▐▄"]
    right, upper = line
    assert right.style is not None
    assert upper.style is not None
    assert right.style.color == upper.style.bgcolor  # white ink; white paper above black ink
    assert right.style.bgcolor == upper.style.color


def test_cells_that_look_alike_are_one_segment() -> None:
    assert [len(line) for line in thumbnail(stroke(slice(0, 0)), 7).lines()] == [1] * 7


def test_a_small_thumbnail_leaves_out_what_is_blank_all_around() -> None:
    square = [[0.0] * SIDE] * 4 + stroke(slice(4, 24))[4:24] + [[0.0] * SIDE] * 4
    assert text(thumbnail(square, 7).lines(plain=True))[3] == "  ██████████  "
    assert text(thumbnail(square, 4).lines(plain=True)) == ["█" * 8] * 4
    beside = [[0.0] * 10 + row[:18] for row in square]  # touches the right edge, so that nothing is left out
    assert text(thumbnail(beside, 4).lines(plain=True))[0] != text(thumbnail(square, 4).lines(plain=True))[0]
