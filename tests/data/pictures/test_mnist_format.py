"""Any picture of a digit becomes what MNIST is."""

from __future__ import annotations

import contextlib
import time

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image, ImageDraw

from mnist_tui.data.pictures.mnist_format import Pixels, canvas_to_mnist
from mnist_tui.data.pictures.reading import read_largest_digit
from mnist_tui.data.synthetic import draw_digits
from mnist_tui.errors import NoDigitError
from tests.data.pictures.digit_pictures import CONDITIONS, digit_of, enlarged, saved, turned_by_exif

DIGITS = [image[0] for image in draw_digits(24, seed=7)[0]]


def seven(size: int = 280, pen: int = 24, *, at: tuple[int, int] = (0, 0), scale: float = 1.0) -> Image.Image:
    """White on black, two strokes."""
    image = Image.new("L", (size, size))
    points = [(size * (0.3 + 0.4 * scale * x) + at[0], size * (0.2 + 0.6 * scale * y) + at[1]) for x, y in SEVEN]
    ImageDraw.Draw(image).line(points, fill=255, width=pen, joint="curve")
    return image


SEVEN = ((0, 0), (1, 0), (0.4, 1))


def likeness(one: Pixels, other: Pixels) -> float:
    """1 for the same picture, whatever its brightness."""
    a, b = one.astype(float).ravel(), other.astype(float).ravel()
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def center(picture: Pixels) -> tuple[float, float]:
    ink = picture.astype(float)
    return (
        float(ink.sum(1) @ np.arange(28) / ink.sum()),
        float(ink.sum(0) @ np.arange(28) / ink.sum()),
    )


def extent(picture: Pixels) -> int:
    rows, columns = np.flatnonzero((picture > 60).any(1)), np.flatnonzero((picture > 60).any(0))
    return int(max(np.ptp(rows), np.ptp(columns))) + 1


@pytest.mark.parametrize("invert", [False, True])
def test_a_clean_picture_of_mnists_size_comes_back_as_it_is(invert: bool) -> None:
    for digit in (canvas_to_mnist(image) for image in DIGITS):
        assert np.array_equal(read_largest_digit(255 - digit if invert else digit), digit)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_digit_is_found_again_in_every_condition(condition: str) -> None:
    random = np.random.default_rng(1)
    alike = [
        likeness(read_largest_digit(CONDITIONS[condition](image, random)), canvas_to_mnist(image)) for image in DIGITS
    ]
    assert min(alike) > 0.75
    assert np.mean(alike) > 0.92


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_photograph_is_held_as_its_exif_says(orientation: int) -> None:
    upright = read_largest_digit(255 - enlarged(DIGITS[0], np.random.default_rng(1)))
    turned = turned_by_exif(255 - enlarged(DIGITS[0], np.random.default_rng(1)), orientation)
    assert likeness(digit_of(turned, "a.jpg"), upright) > 0.98


@pytest.mark.parametrize("ink", ["black", "white", "crimson", "royalblue", "gold"])
@pytest.mark.parametrize("paper", ["white", "gray", "lightgreen", "black", "transparent"])
def test_the_colors_do_not_matter_as_long_as_they_differ(ink: str, paper: str) -> None:
    if ink == paper:
        return
    mask = seven()
    background = (0, 0, 0, 0) if paper == "transparent" else paper
    picture = Image.new("RGBA", mask.size, background)
    picture.paste(Image.new("RGBA", mask.size, ink), mask=mask)
    expected = canvas_to_mnist(np.asarray(mask))
    assert likeness(digit_of(saved(picture), "a.png"), expected) > 0.93


@pytest.mark.parametrize(("pen", "scale"), [(2, 1.0), (3, 0.5), (8, 1.0), (24, 1.0), (60, 1.0), (10, 0.3)])
def test_every_pen_and_size_fills_the_box_with_strokes_as_mnist_has_them(pen: int, scale: float) -> None:
    picture = canvas_to_mnist(np.asarray(seven(pen=pen, scale=scale)))
    assert 19 <= extent(picture) <= 21
    ink = picture.astype(float).sum() / 255
    assert 45 <= ink <= 210  # MNIST's sevens have 50 to 190
    assert likeness(picture, canvas_to_mnist(np.asarray(seven()))) > 0.7


@pytest.mark.parametrize("at", [(-50, -40), (60, 0), (0, 40)])
def test_the_center_of_mass_comes_to_where_mnist_has_it(at: tuple[int, int]) -> None:
    picture = canvas_to_mnist(np.asarray(seven(at=at)))
    assert center(picture) == pytest.approx((14, 14), abs=0.3)


def test_specks_and_the_edge_of_the_table_are_no_part_of_the_digit() -> None:
    clean = np.asarray(seven())
    dirty = clean.copy()
    dirty[270:, :] = 255
    dirty[10:14, 10:14] = 255
    dirty[40:43, 250:253] = 255
    assert likeness(read_largest_digit(dirty), read_largest_digit(clean)) > 0.97


def test_a_stroke_beside_the_digit_stays_with_it() -> None:
    five = Image.new("L", (280, 280))
    pen = ImageDraw.Draw(five)
    pen.line([(110, 60), (100, 130), (160, 130), (180, 170), (150, 220), (95, 215)], fill=255, width=20)
    without = canvas_to_mnist(np.asarray(five))
    pen.line([(125, 55), (190, 52)], fill=255, width=20)  # the bar, which does not touch
    assert likeness(read_largest_digit(np.asarray(five)), canvas_to_mnist(np.asarray(five))) > 0.97
    assert likeness(read_largest_digit(np.asarray(five)), without) < 0.95


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_blank_picture_has_no_digit(level: int) -> None:
    with pytest.raises(NoDigitError, match="no digit"):
        read_largest_digit(np.full((200, 300), level, np.uint8))
    noisy = np.clip(np.random.default_rng(3).normal(level, 6, (200, 300)), 0, 255).astype(np.uint8)
    with pytest.raises(NoDigitError):
        read_largest_digit(noisy)


def test_a_blank_canvas_has_no_digit() -> None:
    for canvas in (
        np.zeros((28, 28)),
        np.zeros((280, 280), np.uint8),
        np.zeros((0, 0)),
        np.full((9, 9), np.nan),
    ):
        with pytest.raises(NoDigitError):
            canvas_to_mnist(canvas)


@settings(max_examples=30, deadline=None)
@given(
    arrays.arrays(
        np.uint8,
        st.tuples(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 3, 4])),
        elements=st.integers(0, 255),
    )
)
def test_whatever_the_pixels_there_is_a_picture_or_no_digit(pixels: Pixels) -> None:
    picture = pixels[:, :, 0] if pixels.shape[2] == 1 else pixels
    try:
        found = read_largest_digit(picture)
    except NoDigitError:
        return
    assert found.shape == (28, 28)
    assert found.dtype == np.uint8
    assert found.max() > 0


@settings(max_examples=30, deadline=None)
@given(arrays.arrays(np.float32, st.tuples(st.integers(1, 40), st.integers(1, 40)), elements=st.floats(width=32)))
@example(np.array([[0.25]], np.float32))  # just what is no ink yet
def test_whatever_the_canvas_there_is_a_picture_or_no_digit(canvas: np.ndarray) -> None:  # type: ignore[type-arg]
    with contextlib.suppress(NoDigitError):
        assert canvas_to_mnist(canvas).shape == (28, 28)


def test_a_canvas_is_read_in_a_few_milliseconds() -> None:
    canvas = np.asarray(seven(), dtype=np.float32) / 255
    times = []
    for _ in range(20):
        started_at = time.thread_time()
        canvas_to_mnist(canvas)
        times.append(time.thread_time() - started_at)
    assert min(times) < 0.005
