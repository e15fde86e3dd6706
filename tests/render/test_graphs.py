"""Which characters graphs are made of: what was asked for, or what the terminal is sure to have."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mnist_tui.render import graphs
from mnist_tui.render.graphs import Graphs
from mnist_tui.render.sparkline import log_sparkline, spark_rows
from mnist_tui.tui.widgets.charts.bars import draw_bar


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    before = graphs.in_use()
    yield
    graphs.use(before)


@pytest.mark.parametrize(
    ("environ", "encoding", "found"),
    [
        ({"TERM": "xterm-256color"}, "UTF-8", Graphs.BRAILLE),
        ({}, "utf8", Graphs.BRAILLE),
        ({"TERM": "linux"}, "UTF-8", Graphs.BLOCK),
        ({"TERM": "linux"}, "ISO-8859-1", Graphs.ASCII),
        ({"TERM": "xterm"}, "ANSI_X3.4-1968", Graphs.ASCII),
    ],
)
def test_the_console_and_a_locale_without_utf8_get_what_they_can_show(
    environ: dict[str, str], encoding: str, found: Graphs
) -> None:
    assert graphs.detect(environ, encoding) is found


def test_a_name_is_taken_and_anything_else_is_detected() -> None:
    assert graphs.choose("ascii") is Graphs.ASCII
    assert graphs.choose("auto") is graphs.choose("nothing of the kind") is graphs.detect()


@pytest.mark.parametrize("kind", Graphs)
def test_bars_and_sparklines_use_them_too(kind: Graphs) -> None:
    graphs.use(kind)
    texts = [draw_bar(share / 10, 10, "").plain for share in range(11)]
    assert {len(text) for text in texts} == {10}
    assert len(set(texts)) == 11
    rows = spark_rows([1.0, 2.0, 3.0], 2)
    spark = log_sparkline([1e-4, 1e-2, 1.0], 3)
    assert rows[1].strip()
    assert len(set(spark)) >= 2
    assert kind is not Graphs.ASCII or "".join([*texts, *rows, spark]).isascii()
