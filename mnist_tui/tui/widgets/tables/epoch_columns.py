"""Which columns of the epoch table fit a width."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mnist_tui.render.epoch_table import accuracy_heads, columns

# Each with the blank before it; an epoch leaves room for the star before it.
_WIDTHS = {
    "epoch": 6,
    "train loss": 11,
    "test loss": 10,
    "train": 7,
    "valid": 7,
    "test": 7,
    "acc %": 7,
    "lr": 8,
    "img/s": 8,
    "time": 8,
}
_SHORT = {"train loss": "train", "test loss": "test"}
# What goes first where there is no room.
_DISPENSABLE = ("img/s", "lr", "time")
_MOST_EXTRA = 5
_ACCURACY_WIDTH = 9


@dataclass(frozen=True)
class EpochColumn:
    """`index` is that of its cell in `render.epoch_table.cells`."""

    index: int
    head: str
    width: int


def fitting(width: int, validated: bool) -> list[EpochColumn]:
    """As many columns as fit, spread over the width."""
    names = columns(validated)
    chosen = _choose(list(enumerate(names)), width)
    spare = min(max(0, width - _total(chosen)), _MOST_EXTRA * len(chosen))
    each, rest = divmod(spare, len(chosen))
    return [
        EpochColumn(column.index, column.head, column.width + each + (len(chosen) - at <= rest))
        for at, column in enumerate(chosen)
    ]


def _choose(named: list[tuple[int, str]], width: int) -> list[EpochColumn]:
    """Short heads before a column is lost, and the accuracies alone where not even the losses fit."""
    whole: Mapping[str, str] = {}
    for lost in range(len(_DISPENSABLE) + 1):
        kept = [(index, name) for index, name in named if name not in _DISPENSABLE[:lost]]
        # The speed is worth less than a head in full.
        for heads in (whole, _SHORT) if lost else (whole,):
            chosen = [_column(index, heads.get(name, name)) for index, name in kept]
            if _total(chosen) <= width:
                return chosen
    return _accuracies(named)


def _column(index: int, head: str) -> EpochColumn:
    return EpochColumn(index, head, _WIDTHS[head])


def _accuracies(named: list[tuple[int, str]]) -> list[EpochColumn]:
    """The least of a run that is validated, where the heads must say whose accuracy it is."""
    indices = [index for index, name in named if name == "acc %"]
    heads = accuracy_heads(validated=len(indices) > 2)
    accuracies = (
        EpochColumn(index, head, _ACCURACY_WIDTH) for index, head in zip(indices, heads, strict=True)
    )
    return [EpochColumn(0, "epoch", _WIDTHS["epoch"]), *accuracies]


def _total(chosen: list[EpochColumn]) -> int:
    return sum(column.width for column in chosen)
