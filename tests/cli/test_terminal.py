"""`train` in a real terminal: a live view while it goes, the table and the statistics when it is done."""

from __future__ import annotations

import re

import pytest

from tests.cli import program
from tests.cli.program import Screen

pytestmark = pytest.mark.early

COLOR = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-8]|4[0-8]|9[0-7])(?:;\d+)*m")


def last_frame(screen: Screen) -> str:
    """What stays: all after the live view was taken away."""
    return screen.text[screen.text.rfind("synthetic · ") :]


@pytest.fixture(scope="module")
def screen(tmp_path_factory: pytest.TempPathFactory) -> Screen:
    """A run of 40 epochs in a terminal of the usual 80 columns and 24 rows."""
    runs_dir = tmp_path_factory.mktemp("runs")
    return program.in_terminal(*program.QUICK[:-1], "40", "--runs-dir", str(runs_dir))


def test_it_ends_well_within_80_columns_and_with_a_cursor(screen: Screen) -> None:
    assert screen.code == 0
    assert screen.widest <= 80
    assert screen.cursor_is_visible


def test_it_draws_progress_while_it_goes(screen: Screen) -> None:
    assert "Loading torch and the data" in screen.text
    assert re.search(r"epoch \d+/40 \w+ +[━╸╺]+ +\d+ %", screen.text)
    assert re.search(r"loss \d\.\d{4}  acc ", screen.text)


def test_it_leaves_the_table_and_the_statistics(screen: Screen) -> None:
    left = last_frame(screen)
    assert re.search(r"epoch +train loss +train acc +test loss +test acc +lr +img/s +time", left)
    assert left.count("★") == 1
    assert "Best model statistics" in left
    assert "Run saved in " in left
    assert "━" not in left  # the bar has gone


def test_a_run_longer_than_the_screen_ends_with_all_its_epochs(screen: Screen) -> None:
    assert [line for line in screen.text.splitlines() if line.strip() == "..."] == []  # Rich's mark of a cut
    epochs = re.findall(r"^ *(?:★ )?(\d+)  +\d\.\d{4}", last_frame(screen), re.MULTILINE)
    assert [int(epoch) for epoch in epochs] == list(range(1, 41))


def test_a_narrow_terminal_without_colors(screen: Screen) -> None:
    narrow = program.in_terminal(*program.QUICK, columns=60, NO_COLOR="1")
    assert narrow.widest <= 60
    assert COLOR.search(screen.raw)
    assert not COLOR.search(narrow.raw)
    assert "★" in narrow.text  # the best epoch is marked by more than a color


@pytest.mark.slow
def test_a_wide_terminal() -> None:
    assert program.in_terminal(*program.QUICK, columns=200).widest <= 200


@pytest.mark.slow
def test_a_dumb_terminal_gets_plain_lines() -> None:
    dumb = program.in_terminal(*program.QUICK, TERM="dumb")
    assert "\x1b" not in dumb.raw
    assert "epoch 2/2  train " in dumb.text
