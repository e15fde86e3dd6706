"""Which columns of an epoch are shown, and which give way."""

from __future__ import annotations

from dataclasses import fields

from mnist_tui.events import EpochFinished
from mnist_tui.runs.epoch_columns import EPOCH_COLUMNS, columns, layouts
from tests.render.samples import row

VALIDATED = row(1, validation_loss=0.2, validation_accuracy=0.9)


def test_every_figure_of_an_epoch_has_a_column() -> None:
    shown = {column.field for column in EPOCH_COLUMNS}
    assert shown == {entry.name for entry in fields(EpochFinished)} - {"time", "epochs", "best"}


def test_a_column_without_any_value_is_not_shown() -> None:
    hidden = {column.field for column in EPOCH_COLUMNS} - {column.field for column in columns([row(1)])}
    assert hidden == {"validation_loss", "validation_accuracy"}
    assert columns([row(1), VALIDATED]) == list(EPOCH_COLUMNS)


def test_each_layout_is_narrower_and_none_loses_an_accuracy() -> None:
    for rows in ([row(1)], [VALIDATED]):
        widths = [sum(len(heading) + 1 for _, heading in layout) for layout in layouts(rows)]
        counts = [len(layout) for layout in layouts(rows)]
        assert counts == sorted(counts, reverse=True)
        assert widths[-1] < widths[0]
        for layout in layouts(rows):
            assert {column.field for column, _ in layout} >= {"epoch", "train_accuracy", "test_accuracy"}


def test_headings_without_losses_say_which_images_an_accuracy_is_of() -> None:
    *_, least = layouts([VALIDATED])
    assert [heading for _, heading in least] == ["epoch", "train %", "valid %", "test %"]
