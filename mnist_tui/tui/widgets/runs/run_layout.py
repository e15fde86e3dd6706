"""Which panels of a run there is room for, and how high they are. Pure arithmetic, in cells."""

from __future__ import annotations

from dataclasses import dataclass

from mnist_tui.tui.widgets.runs.digits_layout import choose_layout

DIGITS = 10
# From this width on, the network's answers, filters and confusions are all beside the charts.
_WIDE = 140
# Below this height there are only charts, the table, and the answers while the table is short.
_TALL = 24
_RIGHT_SHARE = 0.52
# The charts keep at least this part of a wide terminal.
_LEAST_LEFT_SHARE = 0.36
# Borders and the blanks inside of them.
_FRAME_WIDTH, _FRAME_HEIGHT = 4, 2
_LEAST_TABLE, _LEAST_STRIP_SHARE = 8, 0.32
# However high the terminal is, the digits leave room for the tables.
_MOST_DIGITS_SHARE = 0.62
_BATCHES = 4
# Enough for the model under the first rows of the table.
_LEAST_STRIP = 12
# The blocks of the reference network under their heads.
_MODEL = 8


@dataclass(frozen=True)
class RunLayout:
    """Heights of panels; 0 for one that is not shown."""

    right: int
    """The width of the right column."""
    digits: int
    table: int
    model: int
    batches: int
    confusions: int
    filters: bool
    """Whether the first filters are beside the table."""


def arrange(width: int, height: int, *, table: int) -> RunLayout:
    """The layout for a view without its first row; `table` is how high the epoch table would like to be."""
    if width >= _WIDE and height >= _TALL:
        return _wide(width, height, table)
    right = round(_RIGHT_SHARE * width)
    if height < _TALL:
        # All of the room, or none: the table has more rows soon.
        digits = height - table if _digits_height(right, height - table) else 0
        return RunLayout(right, digits, height - digits, 0, 0, 0, filters=False)
    room = min(height - max(_LEAST_TABLE, min(table, height // 2)), round(_MOST_DIGITS_SHARE * height))
    digits = _digits_height(right, room)
    rows, model = _share(height - digits, table)
    return RunLayout(right, digits, rows, model, _BATCHES, 0, filters=False)


def _wide(width: int, height: int, table: int) -> RunLayout:
    strip = max(_LEAST_STRIP, round(_LEAST_STRIP_SHARE * height))
    most = width - round(_LEAST_LEFT_SHARE * width)
    layout = choose_layout(DIGITS, most - _FRAME_WIDTH, height - strip - _FRAME_HEIGHT)
    right = most
    if layout is not None:
        right = min(most, layout.across * (layout.width + 2) + _FRAME_WIDTH)
    digits = _digits_height(right, height - strip)
    rows, model = _share(height - digits, table)
    batches = _BATCHES if height >= 44 else 0
    return RunLayout(right, digits, rows, model, batches, 7 if height < 40 else 11, filters=True)


def _share(height: int, table: int) -> tuple[int, int]:
    """The heights of the epoch table and, if there is room below it, of the model."""
    rest = height - table
    return (table, rest) if rest >= _MODEL else (height, 0)


def _digits_height(width: int, height: int) -> int:
    """What ten digits take of this room, with their frame; 0 if they do not fit."""
    layout = choose_layout(DIGITS, width - _FRAME_WIDTH, height - _FRAME_HEIGHT)
    return layout.height(DIGITS) + _FRAME_HEIGHT if layout is not None else 0
