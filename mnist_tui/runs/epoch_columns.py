"""What is shown of an epoch: one list for tables, lines and exports, and which columns give way where it is narrow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from mnist_tui.events import EpochFinished

Kind = Literal["count", "loss", "accuracy", "rate", "speed", "time"]


@dataclass(frozen=True)
class EpochColumn:
    """One field of `EpochFinished`."""

    field: str
    heading: str
    kind: Kind
    importance: int
    """The columns with the lowest are left out first."""
    short: str = ""
    """The heading where there is no room for the whole one."""
    alone: str = ""
    """The heading without a loss beside it, which tells the images that an accuracy is of."""
    prefix: str | None = None
    """What precedes it in a line of text; None if it is not in there."""


EPOCH_COLUMNS = (
    EpochColumn("epoch", "epoch", "count", 9),
    EpochColumn("train_loss", "train loss", "loss", 4, short="train", prefix="  train "),
    EpochColumn("train_accuracy", "train acc", "accuracy", 8, short="acc %", alone="train %", prefix=" "),
    EpochColumn("validation_loss", "valid loss", "loss", 4, short="valid", prefix="  val "),
    EpochColumn("validation_accuracy", "valid acc", "accuracy", 8, short="acc %", alone="valid %", prefix=" "),
    EpochColumn("test_loss", "test loss", "loss", 4, short="test", prefix="  test "),
    EpochColumn("test_accuracy", "test acc", "accuracy", 8, short="acc %", alone="test %", prefix=" "),
    EpochColumn("learning_rate", "lr", "rate", 2, prefix="  lr "),
    EpochColumn("images_per_second", "img/s", "speed", 1),
    EpochColumn("seconds", "time", "time", 3, prefix="  "),
)

_LOSS = 4  # the importance of the losses
_MOST_WITH_LONG_HEADINGS = 8  # more columns leave no room for them at any usual width

ColumnLayout = Sequence[tuple[EpochColumn, str]]
"""Columns, each with its heading."""


def columns(rows: Sequence[EpochFinished]) -> list[EpochColumn]:
    """The columns that have a value in any row: not every run has validation images."""
    return [
        column for column in EPOCH_COLUMNS if not rows or any(getattr(row, column.field) is not None for row in rows)
    ]


def layouts(rows: Sequence[EpochFinished]) -> Iterator[ColumnLayout]:
    """From all columns to the fewest: headings are shortened first, then the least important columns left out."""
    shown = columns(rows)
    is_long = len(shown) <= _MOST_WITH_LONG_HEADINGS
    yield [(column, column.heading if is_long else _short(column)) for column in shown]
    for least in sorted({column.importance for column in shown if column.importance < _LOSS}):
        remaining = [column for column in shown if column.importance > least]
        if is_long:
            yield [(column, column.heading) for column in remaining]
        yield [(column, _short(column)) for column in remaining]
    yield [(column, column.alone or column.heading) for column in shown if column.importance > _LOSS]


def _short(column: EpochColumn) -> str:
    return column.short or column.heading
