"""Arrays as pictures: two pixels a character, brightness and hue, shades without color."""

from __future__ import annotations

import io
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import Color
from rich.console import Console

from mnist_tui.render.pixels import PixelImage, gray_image, heat_image, largest, signed_image


def plain(image: PixelImage) -> list[str]:
    return ["".join(segment.text for segment in line) for line in image.lines(plain=True)]


Rgb = tuple[int, ...]


def colors(image: PixelImage) -> list[list[tuple[Rgb, Rgb]]]:
    styles = [[segment.style for segment in line] for line in image.lines()]
    return [[(rgb(style.color), rgb(style.bgcolor)) for style in line if style] for line in styles]


def rgb(color: Color | None) -> Rgb:
    return () if color is None or color.triplet is None else tuple(color.triplet)


def test_a_character_holds_two_pixels_one_above_the_other() -> None:
    assert colors(gray_image([[0, 255], [51, 0]])) == [[((0, 0, 0), (51, 51, 51)), ((255, 255, 255), (0, 0, 0))]]


def test_below_an_odd_last_row_is_the_screen_itself() -> None:
    image = gray_image([[255], [255], [255]])
    assert image.height == 2
    assert colors(image)[1] == [((255, 255, 255), ())]


def test_sign_is_hue_and_magnitude_is_brightness() -> None:
    (((much, little), (negative, zero)),) = colors(signed_image([[2, -2], [1, 0]]))
    assert much[0] > little[0] > little[2]
    assert negative[2] > negative[0]
    assert zero == (16, 16, 16)


def test_pictures_that_share_a_scale_can_be_compared() -> None:
    half, whole = signed_image([[1]], most=2), signed_image([[2]], most=2)
    assert colors(half) != colors(whole)
    assert colors(signed_image([[1]])) == colors(signed_image([[2]]))


def test_without_color_there_are_shades_and_stripes_for_what_is_negative() -> None:
    assert plain(gray_image([[0, 255, 255, 0, 128], [0, 255, 0, 255, 128]])) == [" █▀▄▒"]
    assert plain(signed_image([[1, 0.25, 0, -0.3, -0.6, -1]], scale=2)) == ["██░░  --==≡≡"]


def test_what_glows_is_seen_over_the_digit() -> None:
    ((cold, _), (hot, _), (paper, _), (against, _)) = colors(heat_image([[255, 255, 0, 0]], [[0, 1, 1, -1]]))[0]
    assert cold == (153, 153, 153)
    assert hot[0] > hot[2] > paper[2]
    assert against[2] > against[0]
    assert plain(heat_image([[255, 255], [255, 255]], [[0, 1], [0, 1]])) == [" █"]


@pytest.mark.parametrize("colorless", [{"no_color": True}, {"color_system": None}])
def test_a_console_without_color_gets_shades(colorless: dict[str, bool]) -> None:
    settings = {"force_terminal": True, "color_system": "truecolor"} | colorless
    console = Console(file=io.StringIO(), width=10, **settings)  # type: ignore[arg-type]
    console.print(gray_image([[0, 255], [0, 255]]))
    assert console.file.getvalue() == " █\n"  # type: ignore[attr-defined]


def test_it_is_as_wide_as_its_pixels_in_a_table_too() -> None:
    console = Console(file=io.StringIO(), width=80)
    assert console.measure(gray_image([[0] * 28] * 28)).maximum == 28
    assert console.measure(signed_image([[0] * 3] * 3, scale=2)).maximum == 6


_NUMBERS = st.floats(allow_nan=True, allow_infinity=True) | st.integers(-300, 300)
_GRIDS = st.integers(0, 5).flatmap(
    lambda width: st.lists(st.lists(_NUMBERS, min_size=width, max_size=width), max_size=5)
)


@given(_GRIDS, st.integers(1, 3))
def test_any_numbers_make_a_picture_of_the_size_it_says(rows: list[list[float]], scale: int) -> None:
    for image, size in ((gray_image(rows), 1), (signed_image(rows, scale=scale), scale)):
        for lines in (image.lines(), image.lines(plain=True)):
            assert len(lines) == image.height == (len(rows) * size + 1) // 2
            assert all(sum(len(segment.text) for segment in line) == image.width for line in lines)


def test_what_is_no_number_counts_as_nothing() -> None:
    assert colors(gray_image([[math.nan]])) == colors(gray_image([[0]]))
    assert largest([[1, -3], [math.inf, math.nan]]) == 3
    assert largest([]) == 0
