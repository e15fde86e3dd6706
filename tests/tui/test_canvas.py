"""The canvas: strokes without gaps, soft edges, and everything can be taken back."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from mnist_tui.config import IMAGE_SIZE
from mnist_tui.tui.canvas import RADIUS, SIDE, Canvas, draw_line

near = st.floats(-2, 3, allow_nan=False)
inside = st.floats(0, 1)
points = st.tuples(near, near)
inner_points = st.tuples(inside, inside)


def drawn(*strokes: list[tuple[float, float]]) -> Canvas:
    canvas = Canvas()
    for first, *rest in strokes:
        canvas.begin(first)
        for point in rest:
            canvas.move(point)
        canvas.end()
    return canvas


@given(inner_points, inner_points)
def test_a_fast_stroke_leaves_no_gap(start: tuple[float, float], end: tuple[float, float]) -> None:
    field = drawn([start, end]).ink
    for share in np.linspace(0, 1, 60):
        x, y = (a + share * (b - a) for a, b in zip(start, end, strict=True))
        assert field[min(int(y * SIDE), SIDE - 1), min(int(x * SIDE), SIDE - 1)] == 1


@given(points, points, st.integers(2, 40))
def test_a_slow_stroke_looks_as_a_fast_one(start: tuple[float, float], end: tuple[float, float], parts: int) -> None:
    steps = [
        (start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1]))
        for share in np.linspace(0, 1, parts + 1)
    ]
    np.testing.assert_allclose(drawn(steps).ink, drawn([start, end]).ink, atol=1e-4)


@given(points, points)
def test_ink_is_where_the_brush_was_and_nowhere_else(start: tuple[float, float], end: tuple[float, float]) -> None:
    """Against the distance to many points of the line, worked out one by one."""
    field = drawn([start, end]).ink
    for row, column in [(0, 0), (50, 60), (111, 3), (70, 20)]:
        x, y = (column + 0.5) / SIDE, (row + 0.5) / SIDE
        line = [
            math.hypot(x - a, y - b)
            for a, b in zip(np.linspace(start[0], end[0], 2000), np.linspace(start[1], end[1], 2000), strict=True)
        ]
        assert field[row, column] == pytest.approx(np.clip((RADIUS - min(line)) / 0.03 + 0.5, 0, 1), abs=0.05)


def test_a_brush_has_a_soft_edge() -> None:
    row = drawn([(0.5, 0.5)]).ink[SIDE // 2, SIDE // 2 :]
    gray = row[(row > 0) & (row < 1)]
    assert row[0] == 1
    assert row[-1] == 0
    assert len(gray) >= 2
    assert (np.diff(row) <= 0).all()


@given(points, points)
def test_erasing_a_stroke_leaves_paper(start: tuple[float, float], end: tuple[float, float]) -> None:
    canvas = drawn([start, end])
    canvas.begin(start, erase=True)
    canvas.move(end)
    canvas.end()
    assert canvas.is_blank


def test_what_lies_outside_is_drawn_as_far_as_it_reaches_in() -> None:
    assert drawn([(-1.0, 0.5), (-0.5, 0.5)]).is_blank
    assert drawn([(-1.0, 0.5), (2.0, 0.5)]).ink[SIDE // 2].min() == 1
    field = np.zeros((SIDE, SIDE), np.float32)
    draw_line(field, (1e9, 1e9), (1e9, 1e9), RADIUS)
    assert not field.any()


def test_a_stroke_is_taken_back_as_a_whole_and_done_again() -> None:
    canvas = drawn([(0.1, 0.1), (0.9, 0.1), (0.9, 0.9)], [(0.5, 0.5)])
    both = canvas.ink.copy()
    canvas.undo()
    assert np.array_equal(canvas.ink, drawn([(0.1, 0.1), (0.9, 0.1), (0.9, 0.9)]).ink)
    canvas.undo()
    assert canvas.is_blank
    assert not canvas.can_undo
    canvas.redo()
    canvas.redo()
    assert np.array_equal(canvas.ink, both)
    assert not canvas.can_redo


def test_undoing_while_the_brush_is_down_takes_that_stroke_back() -> None:
    canvas = drawn([(0.5, 0.5)])
    one = canvas.ink.copy()
    canvas.begin((0.1, 0.1))
    canvas.move((0.9, 0.9))
    canvas.undo()
    assert np.array_equal(canvas.ink, one)
    before = canvas.ink.copy()
    canvas.move((0.2, 0.9))
    assert np.array_equal(canvas.ink, before), "the brush is up"


def test_after_something_new_there_is_nothing_to_do_again() -> None:
    canvas = drawn([(0.5, 0.5)])
    canvas.undo()
    canvas.begin((0.2, 0.2))
    canvas.end()
    assert not canvas.can_redo


def test_what_changes_nothing_is_not_to_be_taken_back() -> None:
    canvas = Canvas()
    canvas.clear()
    canvas.begin((0.5, 0.5), erase=True)
    canvas.end()
    canvas.begin((5.0, 5.0))
    canvas.end()
    assert not canvas.can_undo


def test_it_remembers_only_so_much() -> None:
    canvas = Canvas()
    for _ in range(500):
        canvas.invert()
    for _ in range(500):
        canvas.undo()
    assert len(canvas._redo) == 200


@given(st.integers(0, 2**32 - 1))
def test_a_test_image_is_what_the_network_gets_to_the_bit(seed: int) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (IMAGE_SIZE, IMAGE_SIZE)).astype(np.uint8)
    canvas = Canvas()
    canvas.load(image, "Test image 3")
    drawing = canvas.drawing()
    assert drawing.is_mnist_format
    assert drawing.ink.dtype == np.uint8
    assert np.array_equal(drawing.ink, image)
    canvas.invert()
    assert np.array_equal(canvas.drawing().ink, 255 - image)


def test_an_altered_test_image_stays_where_it_is() -> None:
    image = np.zeros((IMAGE_SIZE, IMAGE_SIZE), np.uint8)
    image[3:9, 4:8] = 200
    canvas = Canvas()
    canvas.load(image, "Test image 3")
    canvas.begin((0.8, 0.8))
    canvas.end()
    altered = canvas.drawing().ink
    assert np.array_equal(altered[:15], image[:15])
    assert altered[22, 22] == 255


def test_a_cleared_canvas_is_no_test_image_any_more() -> None:
    canvas = Canvas()
    canvas.load(np.zeros((IMAGE_SIZE, IMAGE_SIZE), np.uint8), "Test image 3")
    canvas.clear()
    assert not canvas.drawing().is_mnist_format
    assert canvas.origin == ""
    canvas.undo()
    assert canvas.origin == "Test image 3"
    assert canvas.drawing().is_mnist_format


def test_a_drawing_stays_what_it_was() -> None:
    canvas = drawn([(0.5, 0.5)])
    drawing = canvas.drawing()
    before = drawing.ink.copy()
    canvas.begin((0.1, 0.1))
    canvas.move((0.9, 0.1))
    assert np.array_equal(drawing.ink, before)


@given(st.integers(1, 240), st.lists(points, min_size=1, max_size=4))
def test_at_any_size_the_ink_is_as_much(side: int, stroke: list[tuple[float, float]]) -> None:
    canvas = drawn(stroke)
    seen = canvas.downsample(side)
    assert seen.shape == (side, side)
    assert seen.min() >= -1e-5
    assert seen.max() <= 1 + 1e-5
    assert float(seen.mean()) == pytest.approx(float(canvas.ink.mean()), abs=1e-5)


def test_at_its_own_size_it_is_itself() -> None:
    canvas = drawn([(0.1, 0.2), (0.8, 0.9)])
    np.testing.assert_allclose(canvas.downsample(SIDE), canvas.ink, atol=1e-6)


class CanvasMachine(RuleBasedStateMachine):
    """Whatever is done in whatever order: all of it can be taken back, and done again to the very same."""

    def __init__(self) -> None:
        super().__init__()
        self.canvas = Canvas()

    @rule(point=points, erase=st.booleans())
    def begin(self, point: tuple[float, float], erase: bool) -> None:
        self.canvas.begin(point, erase=erase)

    @rule(point=points)
    def move(self, point: tuple[float, float]) -> None:
        self.canvas.move(point)

    @rule(
        name=st.sampled_from(["end", "undo", "redo", "clear", "invert"]),
    )
    def do(self, name: str) -> None:
        getattr(self.canvas, name)()

    @rule(value=st.integers(0, 255))
    def load(self, value: int) -> None:
        self.canvas.load(np.full((IMAGE_SIZE, IMAGE_SIZE), value, np.uint8), "gray")

    @invariant()
    def ink_is_between_none_and_full(self) -> None:
        field = self.canvas.ink
        assert field.dtype == np.float32
        assert field.min() >= 0
        assert field.max() <= 1

    def teardown(self) -> None:
        self.canvas.end()
        last, count = self.canvas.ink.copy(), 0
        while self.canvas.can_undo:
            self.canvas.undo()
            count += 1
        assert self.canvas.is_blank
        for _ in range(count):
            self.canvas.redo()
        assert np.array_equal(self.canvas.ink, last)


TestDrawing = CanvasMachine.TestCase
TestDrawing.settings = settings(max_examples=30)
