"""A picture of cells: a character, an ink and a fill in each, by name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip

from mnist_tui.tui.widgets.charts.dots import Codes

NO_FILL = 0
_BOLD = 128


class Cells:
    """Later marks cover earlier ones, so that each cell has the color of one line only."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.codes = np.full((height, width), ord(" "), np.uint32)
        self._inks = np.zeros((height, width), np.uint8)
        self._fills = np.full((height, width), NO_FILL, np.uint8)
        self._names: list[str] = [""]

    def stamp(self, codes: Codes, ink: str, left: int = 0) -> None:
        """Put these characters in the cells where they are not 0."""
        rows, columns = codes.shape
        drawn = codes > 0
        self.codes[:rows, left : left + columns][drawn] = codes[drawn]
        self._inks[:rows, left : left + columns][drawn] = self._ink(ink)

    def put(self, row: int, column: int, text: str, ink: str, *, bold: bool = False) -> None:
        """Write text, as far as it lies inside."""
        begin, end = max(column, 0), min(column + len(text), self.width)
        if not 0 <= row < self.height or begin >= end:
            return
        self.codes[row, begin:end] = [ord(character) for character in text[begin - column : end - column]]
        self._inks[row, begin:end] = self._ink(ink) + _BOLD * bold

    def fill_below(self, tops: Codes, levels: Codes, left: int) -> None:
        """Fill each column from row `tops` on, each row with its level."""
        rows = np.arange(len(levels))
        below = rows[:, None] >= tops[None, :]
        part = self._fills[: len(levels), left : left + len(tops)]
        part[below] = np.broadcast_to(levels[:, None], below.shape)[below]

    def difference(self, other: Cells) -> Region | None:
        """The smallest region outside of which both are the same; None where nothing differs."""
        if (self.width, self.height) != (other.width, other.height) or self._names != other._names:
            return Region(0, 0, self.width, self.height)
        differs = (self.codes != other.codes) | (self._inks != other._inks) | (self._fills != other._fills)
        rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
        if not len(rows):
            return None
        x, y = int(columns[0]), int(rows[0])
        return Region(x, y, int(columns[-1]) + 1 - x, int(rows[-1]) + 1 - y)

    def strips(self, style: Callable[[str, int, bool], Style]) -> list[Strip]:
        """One per row; `style` gives that of an ink, a fill and whether it is bold."""
        known: dict[int, Style] = {}
        keys = self._inks.astype(np.uint16) | self._fills.astype(np.uint16) << 8
        return [self._strip(row, keys[row], known, style) for row in range(self.height)]

    def text(self, row: int) -> str:
        """What is written in a row."""
        return str(self.codes[row].astype("<u4").tobytes(), "utf-32-le")

    def ink_at(self, row: int, column: int) -> str:
        """Whose color a cell has; "" for none's."""
        return self._names[int(self._inks[row, column]) & ~_BOLD]

    def fill_at(self, row: int, column: int) -> int:
        """The level that a cell is filled with."""
        return int(self._fills[row, column])

    def _strip(self, row: int, keys: Codes, known: dict[int, Style], style: Callable[[str, int, bool], Style]) -> Strip:
        text = self.text(row)
        ends = [*(np.flatnonzero(np.diff(keys)) + 1).tolist(), self.width]
        begin, segments = 0, []
        for end in ends:
            key = int(keys[begin])
            if key not in known:
                ink = key & 0xFF
                known[key] = style(self._names[ink & ~_BOLD], key >> 8, bool(ink & _BOLD))
            segments.append(Segment(text[begin:end], known[key]))
            begin = end
        return Strip(segments, self.width)

    def _ink(self, name: str) -> int:
        if name not in self._names:
            self._names.append(name)
        return self._names.index(name)
