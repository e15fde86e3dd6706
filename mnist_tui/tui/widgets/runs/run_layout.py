"""Which panels of a run there is room for, and how high they are. Pure arithmetic, in cells."""

from __future__ import annotations

from dataclasses import dataclass

from mnist_tui.tui.widgets.runs.digits_layout import choose_layout

DIGITS = 10
# From this width on, the network's answers, filters and confusions are all beside the charts.
_WIDE = 140
# From this height on, there is a frame around the number, and more than charts and table.
_TALL = 30
_RIGHT_SHARE, _WIDE_RIGHT_SHARE = 0.52, 0.57
# Borders and the blanks inside of them.
_FRAME_WIDTH, _FRAME_HEIGHT = 4, 2
_LEAST_TABLE = 8
_LEAST_STRIP_SHARE = 0.36
_BATCHES = 4
# The blocks of the reference network, their heads and totals.
_MODEL = 9
_LEAST_FILTERS = 11


@dataclass(frozen=True)
class RunLayout:
    """Heights of panels; 0 for one that is not shown."""

    is_small: bool
    right: int
    """The width of the right column."""
    digits: int
    batches: int
    confusions: int
    filters: bool
    """Whether the first filters are beside the table."""
    model: int
    """The layers, under the filters."""


def arrange(width: int, height: int, *, table: int) -> RunLayout:
    """The layout for a view without its first row; `table` is how high the epoch table would like to be."""
    is_small = height < _TALL - 6
    if width >= _WIDE and not is_small:
        return _wide(width, height)
    right = round(_RIGHT_SHARE * width)
    batches = 0 if is_small else _BATCHES
    least = table if is_small else max(_LEAST_TABLE, min(table, height // 2))
    digits = _digits_height(right, height - least)
    if is_small and digits:
        digits = height - least
    return RunLayout(is_small, right, digits, batches, 0, filters=False, model=0)


def _wide(width: int, height: int) -> RunLayout:
    right = round(_WIDE_RIGHT_SHARE * width)
    strip = max(10, round(_LEAST_STRIP_SHARE * height))
    digits = _digits_height(right, height - strip)
    confusions = 7 if height < 40 else 12
    batches = _BATCHES if height >= 44 else 0
    model = _MODEL if height - digits >= _MODEL + _LEAST_FILTERS else 0
    return RunLayout(False, right, digits, batches, confusions, filters=True, model=model)


def _digits_height(width: int, height: int) -> int:
    """What ten digits take of this room, with their frame; 0 if they do not fit."""
    layout = choose_layout(DIGITS, width - _FRAME_WIDTH, height - _FRAME_HEIGHT)
    return layout.height(DIGITS) + _FRAME_HEIGHT if layout is not None else 0
