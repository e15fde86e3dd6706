"""Which columns of the epoch table fit a width."""

from __future__ import annotations

from dataclasses import dataclass

from mnist_tui.runs.epoch_columns import EpochColumn, Kind, layouts

# Each with the blank before it; an epoch leaves room for the star before it.
_WIDTHS: dict[Kind, int] = {"count": 6, "loss": 7, "accuracy": 7, "rate": 8, "speed": 8, "time": 8}
_ALONE_WIDTH = 9
_MOST_EXTRA = 5


@dataclass(frozen=True)
class FittedColumn:
    """A column with the heading and the width that it gets."""

    column: EpochColumn
    head: str
    width: int


def fitting(width: int, validated: bool) -> list[FittedColumn]:
    """As many columns as fit, spread over the width."""
    for layout in layouts(validated=validated):
        chosen = [FittedColumn(column, head, _width(column, head)) for column, head in layout]
        if _total(chosen) <= width:
            break
    spare = min(max(0, width - _total(chosen)), _MOST_EXTRA * len(chosen))
    each, rest = divmod(spare, len(chosen))
    return [
        FittedColumn(one.column, one.head, one.width + each + (len(chosen) - at <= rest))
        for at, one in enumerate(chosen)
    ]


def _width(column: EpochColumn, head: str) -> int:
    return _ALONE_WIDTH if head == column.alone else max(_WIDTHS[column.kind], len(head) + 1)


def _total(chosen: list[FittedColumn]) -> int:
    return sum(one.width for one in chosen)
