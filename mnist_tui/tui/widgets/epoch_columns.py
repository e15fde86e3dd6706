"""Which columns of the epoch table fit a width."""

from __future__ import annotations

from dataclasses import dataclass

from mnist_tui.render.epoch_table import accuracy_heads, columns

_WIDTHS = {
    "epoch": 6,
    "train loss": 12,
    "test loss": 11,
    "train": 8,
    "valid": 8,
    "test": 8,
    "acc %": 8,
    "lr": 10,
    "img/s": 9,
    "time": 9,
}
_SHORT = {"train loss": "train", "test loss": "test"}
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
    spare = min(max(0, width - _total(chosen)), _MOST_EXTRA * len(chosen))
    each, rest = divmod(spare, len(chosen))
    return [
        Column(column.index, column.head, column.width + each + (at < rest))
        for at, column in enumerate(chosen)
    ]


def _choose(named: list[tuple[int, str]], width: int) -> list[Column]:
    dropped: set[str] = set()
    for name in ("", *_DISPENSABLE[:2]):
        dropped.add(name)
        chosen = [Column(index, name, _WIDTHS[name]) for index, name in named if name not in dropped]
        if _total(chosen) <= width:
            return chosen
    short = [_short(index, name) for index, name in named if name not in dropped]
    timeless = [column for column in short if column.head != "time"]
    fit = (chosen for chosen in (short, timeless) if _total(chosen) <= width)
    return next(fit, _accuracies(named))


def _short(index: int, name: str) -> Column:
    head = _SHORT.get(name, name)
    return Column(index, head, min(_WIDTHS[name], _SHORT_WIDTH))


def _accuracies(named: list[tuple[int, str]]) -> list[Column]:
    """The least of a run that is validated, where the heads must say whose accuracy it is."""
    indices = [index for index, name in named if name == "acc %"]
    heads = accuracy_heads(validated=len(indices) > 2)
    accuracies = (Column(index, head, _SHORT_WIDTH + 1) for index, head in zip(indices, heads, strict=True))
    return [Column(0, "epoch", _WIDTHS["epoch"]), *accuracies]


def _total(chosen: list[Column]) -> int:
    return sum(column.width for column in chosen)
