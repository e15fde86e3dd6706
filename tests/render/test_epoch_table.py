"""The epoch table, its title, and the plain line of an epoch."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from mnist_tui.cli.views.plain import epoch_line
from mnist_tui.events import Event, Notice
from mnist_tui.render.epoch_table import epoch_table
from mnist_tui.runs.history import RunHistory, fold
from tests.render.samples import row, run_started, text

FALLBACK = Notice(message="Using drawn digits (synthetic) instead of MNIST, which …", topic="data")


def history(*rows: Event, dataset: str = "mnist") -> RunHistory:
    return fold([run_started(dataset), *rows])


def test_a_row_an_epoch_with_the_best_marked() -> None:
    lines = text(epoch_table(history(row(1), row(2), row(3, best=False)))).splitlines()
    assert lines[0].rstrip() == "mnist · reference · recipe reference · cpu×2 · seed 1"
    shown = [line.split() for line in lines if "6,412" in line]
    assert shown[0] == ["1", "0.5504", "85.80", "0.0960", "97.10", "0.00812", "6,412", "9.1", "s"]
    assert [line[0] for line in shown] == ["1", "★", "3"]


@pytest.mark.parametrize("validated", [False, True])
def test_the_widest_row_fits_80_columns_on_one_line(validated: bool) -> None:
    extra = {"validation_loss": 1.2345, "validation_accuracy": 1.0} if validated else {}
    wide = row(999, epochs=999, train_loss=1.2345, seconds=59.9, images_per_second=99_999.0, **extra)
    lines = text(epoch_table(history(wide))).splitlines()
    assert max(map(cell_len, lines)) <= 80
    assert sum("★ 999" in line and "59.9 s" in line for line in lines) == 1


@pytest.mark.parametrize("validated", [False, True])
@pytest.mark.parametrize("width", range(36, 81, 4))
def test_columns_are_left_out_whole_where_there_is_no_room(width: int, validated: bool) -> None:
    extra = {"validation_loss": 1.2345, "validation_accuracy": 0.9} if validated else {}
    shown = text(epoch_table(history(row(9, **extra), row(10, **extra))), width)
    head, *rows = [line.rstrip() for line in shown.splitlines() if line.strip()][-4:]
    del rows[0]  # the rule
    assert "…" not in shown
    assert max(map(cell_len, shown.splitlines())) <= width
    assert all(f"{percent}" in rows[0] for percent in ("86.60", "97.90"))
    heads = head.replace(" %", "").replace(" loss", "").replace(" acc ", "-acc ").split()
    assert len(heads) == len(rows[0].replace(" s", "").split())


@pytest.mark.parametrize(
    ("width", "heads"),
    [
        (80, "epoch train loss train acc test loss test acc lr img/s time"),
        (70, "epoch train loss train acc test loss test acc lr time"),
        (62, "epoch train acc % test acc % lr time"),
        (46, "epoch train acc % test acc % time"),
        (30, "epoch train % test %"),
    ],
)
def test_the_least_important_column_goes_first(width: int, heads: str) -> None:
    shown = text(epoch_table(history(row(1))), width).splitlines()
    assert heads in [" ".join(line.split()) for line in shown]


def test_columns_line_up() -> None:
    rows = [row(9, test_accuracy=0.098), row(10, test_accuracy=1.0, seconds=101.0, learning_rate=4e-8)]
    lines = [line.rstrip() for line in text(epoch_table(history(*rows))).splitlines() if "6,412" in line]
    assert len({len(line) for line in lines}) == 1


def test_only_the_newest_rows_where_there_is_no_room() -> None:
    shown = text(epoch_table(history(*(row(epoch) for epoch in range(1, 16))), newest=3))
    assert [line.split()[-9] for line in shown.splitlines() if "6,412" in line] == ["13", "14", "15"]


def test_a_fallback_to_drawn_digits_is_in_the_title() -> None:
    assert "synthetic, not MNIST · reference · recipe reference · cpu×2 · seed 1" in text(
        epoch_table(history(FALLBACK, row(1), dataset="synthetic"))
    )
    assert ", not MNIST" not in text(epoch_table(history(row(1), dataset="synthetic")))


def test_brackets_in_a_models_name_are_not_markup() -> None:
    run_event = run_started()
    folded = fold([type(run_event)(**{**vars(run_event), "model": {"name": "[red]Net", "parameters": 1}}), row(1)])
    assert "[red]Net" in text(epoch_table(folded))


def test_the_plain_line_of_an_epoch() -> None:
    line = epoch_line(row(3, train_loss=0.1472, train_accuracy=0.9569, test_loss=0.0752, test_accuracy=0.0979))
    assert line == "epoch  3/15  train 0.1472 95.69 %  test 0.0752  9.79 %  lr 0.00812   9.1 s  best"


def test_plain_lines_line_up() -> None:
    lines = [epoch_line(row(9, test_accuracy=0.098)), epoch_line(row(10, seconds=123.0, learning_rate=4e-8))]
    assert len({line.index("best") for line in lines}) == 1
