"""Many pictures in a given room: as large as they fit, in rows of one length, on one scale of brightness."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_tui.render.gallery import Gallery, Room
from tests.render.samples import text


def grids(count: int, height: int, width: int, value: float = 1.0) -> list[list[list[float]]]:
    return [[[value] * width for _ in range(height)] for _ in range(count)]


def lines(gallery: Gallery, width: int = 200) -> list[str]:
    return text(gallery, width).splitlines()


@pytest.mark.parametrize(
    ("count", "side", "room", "drawn"),
    [
        (8, 3, Room(80), 12),  # four columns a pixel, two rows of four
        (8, 3, Room(200, 3), 6),  # all in one row of three lines
        (8, 28, Room(59, 15), 14),  # half the size
        (8, 28, Room(100, 44), 28),
        (8, 28, Room(84, 40), 25),  # between half and full size
        (8, 3, Room(76, 20), 18),
        (1, 28, Room(20, 14), 20),
    ],
)
def test_pictures_are_as_large_as_all_of_them_fit(count: int, side: int, room: Room, drawn: int) -> None:
    shown = lines(Gallery(grids(count, side, side), room))
    assert len(shown[0].split(" ")[0]) == drawn
    assert max(map(len, shown)) <= room.columns
    assert room.lines is None or len(shown) <= room.lines


def test_rows_are_of_one_length() -> None:
    first = lines(Gallery(grids(8, 3, 3), Room(54, 7)))
    assert [len(line.split()) for line in first] == [4, 4, 4, 0, 4, 4, 4]


def test_all_pictures_share_one_scale() -> None:
    shown = lines(Gallery([[[1.0, 1.0]] * 2, [[0.25, 0.25]] * 2], Room(5, 1)))
    assert shown == ["██ ░░"]


def test_a_long_vector_is_folded() -> None:
    shown = lines(Gallery([[[1.0] * 20]], Room(16, 1)))
    assert shown == ["█" * 4 + "▀" * 12]


@given(st.integers(0, 20), st.integers(1, 30), st.integers(1, 30), st.integers(1, 120), st.integers(1, 60))
def test_any_room_takes_all_pictures(count: int, height: int, width: int, columns: int, rows: int) -> None:
    gallery = Gallery(grids(count, height, width), Room(columns, rows))
    shown = lines(gallery)
    assert len(shown) == gallery.height
    assert bool(shown) is (count > 0)
