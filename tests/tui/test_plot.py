"""The picture of a chart: which dots, which characters, whose color, and what is left out for want of room."""

from __future__ import annotations

import numpy as np
import pytest

from mnist_tui.render.graphs import Graphs
from mnist_tui.tui.widgets.charts.axes import LinearAxis, fit_epochs
from mnist_tui.tui.widgets.charts.cells import Cells
from mnist_tui.tui.widgets.charts.dots import dot_glyphs, draw_line, to_characters
from mnist_tui.tui.widgets.charts.plot import ChartLine, Layout, Plot, draw_plot, spread_rows

SIZE = (60, 12)


def plot(*lines: ChartLine, low: float = 0.0, high: float = 10.0, label_width: int = 0) -> Plot:
    axis = LinearAxis()
    layout = Layout(*SIZE, label_width)
    return Plot(lines, fit_epochs(0, 10, layout.columns), axis.fit(low, high, layout.rows), axis, label_width)


def line(name: str, *values: float, **options: object) -> ChartLine:
    x = np.linspace(0, 10, len(values)) if len(values) > 1 else np.array([10.0])
    return ChartLine(name, x, np.array(values, dtype=float), **options)  # type: ignore[arg-type]


def rows_of(cells: Cells) -> list[str]:
    return [cells.text(row) for row in range(cells.height)]


def inks(cells: Cells, row: int) -> list[str]:
    return [cells.ink_at(row, column) for column in range(cells.width)]


def test_dots_are_joined_without_gaps_however_steep_the_line_is() -> None:
    across, down = np.array([0.5, 3.5, 4.5]), np.array([0.5, 30.5, 2.5])
    mask = draw_line(across, down, (40, 10))

    assert mask[:31].any(axis=1).all()
    assert not mask[31:].any()


def test_a_line_that_leaves_the_picture_is_cut_off_there() -> None:
    mask = draw_line(np.array([0.5, 9.5]), np.array([-1e9, 1e9]), (8, 10))

    assert mask.shape == (8, 10)
    assert mask.any()


@pytest.mark.parametrize(
    ("graphs", "sign"), [(Graphs.BRAILLE, "⠁"), (Graphs.QUADRANT, "▘"), (Graphs.BLOCK, "▀"), (Graphs.ASCII, "'")]
)
def test_each_kind_of_graphs_has_a_character_for_every_set_of_dots(graphs: Graphs, sign: str) -> None:
    dots = dot_glyphs(graphs)
    mask = np.zeros((dots.down, dots.across), bool)
    mask[0, 0] = True
    assert chr(to_characters(mask, dots)[0, 0]) == sign
    assert len(dots.glyphs) == 2 ** (dots.down * dots.across)


def test_a_cell_in_which_lines_meet_has_the_dots_and_the_color_of_the_last_alone() -> None:
    cells = draw_plot(plot(line("train", 0, 10), line("test", 10, 0)), SIZE, Graphs.BRAILLE)
    alone = draw_plot(plot(line("test", 10, 0)), SIZE, Graphs.BRAILLE)

    crossed = [(row, column) for row in range(11) for column in range(60) if cells.ink_at(row, column) == "test"]
    assert crossed
    assert all(cells.codes[at] == alone.codes[at] for at in crossed)


def test_the_line_at_0_lies_on_the_axis() -> None:
    cells = draw_plot(plot(line("train", 0, 0)), SIZE, Graphs.BRAILLE)

    assert "train" in inks(cells, 10)
    assert "train" not in inks(cells, 9)
    assert rows_of(cells)[10].lstrip().startswith("0")


def test_labels_stand_right_of_the_lines_each_in_a_row_of_its_own_in_the_order_of_the_values() -> None:
    lines = [line(f"l{index}", 0, value, label=f"n{index}") for index, value in enumerate([5.0, 5.2, 5.1])]
    text = rows_of(draw_plot(plot(*lines, label_width=4), SIZE, Graphs.BRAILLE))

    ends = [(row, content.index("n")) for row, content in enumerate(text) if "n" in content]
    assert [text[row][column + 1] for row, column in ends] == ["1", "2", "0"]
    assert len({column for _, column in ends}) == 1


def test_a_filled_line_tints_what_is_below_it_and_nothing_above() -> None:
    cells = draw_plot(plot(line("train", 5, 5, filled=True)), SIZE, Graphs.BRAILLE)
    middle = [cells.fill_at(row, 30) for row in range(11)]

    assert middle[:5] == [0] * 5
    assert all(middle[6:10])


def test_markers_stand_at_epochs_only_where_they_are_far_apart_but_always_at_the_last() -> None:
    few = draw_plot(plot(line("test", *[5.0] * 4, marker="●")), SIZE, Graphs.BRAILLE)
    many = draw_plot(plot(line("test", *[5.0] * 40, marker="●")), SIZE, Graphs.BRAILLE)

    assert "".join(rows_of(few)).count("●") == 4
    assert "".join(rows_of(many)).count("●") == 1


def test_ascii_graphs_have_ascii_only() -> None:
    lines = (line("train", 1, 9, filled=True, label="━ 9"), line("test", 3, 2, 4, marker="●", label="● 4"))
    text = "".join(rows_of(draw_plot(plot(*lines, label_width=6), SIZE, Graphs.ASCII)))

    assert text.isascii()
    assert "o" in text


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (5, 1), (7, 3), (300, 2), (8, 90)])
def test_any_size_has_a_picture(size: tuple[int, int]) -> None:
    lines = (line("train", 1, 9, filled=True, label="9"), line("test", 3, marker="●"))
    for graphs in Graphs:
        cells = draw_plot(plot(*lines, label_width=3), size, graphs)
        assert (cells.width, cells.height) == size


def test_labels_are_spread_over_different_rows_close_to_their_own() -> None:
    assert spread_rows([3.1, 3.9, 3.5], 10) == [3, 5, 4]
    assert spread_rows([9.5, 9.5, 9.5], 10) == [7, 8, 9]
    assert spread_rows([0.0, 5.0], 10) == [0, 5]


def test_only_what_differs_is_repainted() -> None:
    before = draw_plot(plot(line("train", 5, 5, 5)), SIZE, Graphs.BRAILLE)
    after = draw_plot(plot(line("train", 5, 5, 6)), SIZE, Graphs.BRAILLE)

    changed = after.difference(before)
    assert changed is not None
    assert changed.x >= 30
    assert after.difference(after) is None
