"""Which columns of the epoch table fit a width."""

from __future__ import annotations

from dataclasses import dataclass

from mnist_tui.render.epoch_table import columns

_WIDTHS = {
    "epoch": 6,
    "train loss": 12,
    "val loss": 10,
    "test loss": 11,
    "acc %": 8,
    "lr": 10,
    "img/s": 9,
    "time": 9,
}
_SHORT = {"train loss": "train", "val loss": "val", "test loss": "test"}
_SHORT_WIDTH = 8
# What goes first where there is no room.
_DISPENSABLE = ("img/s", "lr", "time")
_MOST_EXTRA = 5


@dataclass(frozen=True)
class Column:
    """`index` is that of its cell in `render.epoch_table.cells`."""

    index: int
    head: str
    width: int


def fitting(width: int, validated: bool) -> list[Column]:
    """As many columns as fit, spread over the width."""
    names = columns(validated)
    chosen = _choose(list(enumerate(names)), width)
    spare = (width - sum(column.width for column in chosen)) // len(chosen)
    extra = max(0, min(spare, _MOST_EXTRA))
    return [Column(column.index, column.head, column.width + extra) for column in chosen]


def _choose(named: list[tuple[int, str]], width: int) -> list[Column]:
    dropped: set[str] = set()
    for name in ("", *_DISPENSABLE[:2]):
        dropped.add(name)
        chosen = [Column(index, name, _WIDTHS[name]) for index, name in named if name not in dropped]
        if _total(chosen) <= width:
            return chosen
    short = [_short(index, name) for index, name in named if name not in dropped]
    return short if _total(short) <= width else [column for column in short if column.head != "time"]


def _short(index: int, name: str) -> Column:
    head = _SHORT.get(name, name)
    return Column(index, head, min(_WIDTHS[name], _SHORT_WIDTH))


def _total(chosen: list[Column]) -> int:
    return sum(column.width for column in chosen)
