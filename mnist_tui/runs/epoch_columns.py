"""What is shown of an epoch: one list for tables, lines and exports, and which columns give way where it is narrow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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
    EpochColumn("train_accuracy", "acc %", "accuracy", 8, alone="train %", prefix=" "),
    EpochColumn("validation_loss", "valid loss", "loss", 4, short="valid", prefix="  val "),
    EpochColumn("validation_accuracy", "acc %", "accuracy", 8, alone="valid %", prefix=" "),
    EpochColumn("test_loss", "test loss", "loss", 4, short="test", prefix="  test "),
    EpochColumn("test_accuracy", "acc %", "accuracy", 8, alone="test %", prefix=" "),
    EpochColumn("learning_rate", "lr", "rate", 2, prefix="  lr "),
    EpochColumn("images_per_second", "img/s", "speed", 1),
    EpochColumn("seconds", "time", "time", 3, prefix="  "),
)

_LOSS = 4  # the importance of the losses

Layout = Sequence[tuple[EpochColumn, str]]
"""Columns, each with its heading."""


def is_validated(rows: Iterable[EpochFinished]) -> bool:
    """Whether there are figures of validation images."""
    return any(row.validation_accuracy is not None for row in rows)


def columns(*, validated: bool) -> list[EpochColumn]:
    """All columns, or all but those of validation images."""
    return [column for column in EPOCH_COLUMNS if validated or not column.field.startswith("validation_")]


def layouts(*, validated: bool) -> Iterator[Layout]:
    """From all columns to the fewest: headings are shortened first, then the least important columns left out."""
    shown = columns(validated=validated)
    # With validation columns there is no room for long headings at any usual width.
    yield [(column, _short(column) if validated else column.heading) for column in shown]
    for least in sorted({column.importance for column in shown if column.importance < _LOSS}):
        kept = [column for column in shown if column.importance > least]
        if not validated:
            yield [(column, column.heading) for column in kept]
        yield [(column, _short(column)) for column in kept]
    yield [(column, column.alone or column.heading) for column in shown if column.importance > _LOSS]


def _short(column: EpochColumn) -> str:
    return column.short or column.heading
