"""The characters of which graphs are made: the finest that the terminal's font is sure to have.

The terminal is the same for everything in a process, and so is the choice: `use` sets it, and whatever draws asks
`in_use`.
"""

from __future__ import annotations

import locale
import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Graphs(StrEnum):
    """From fine to coarse, in dots per cell: 2×4, 2×2, 1×2, and letters."""

    BRAILLE = "braille"
    QUADRANT = "quadrant"
    BLOCK = "block"
    """Half cells, which the font of the Linux console has."""
    ASCII = "ascii"


@dataclass(frozen=True)
class Symbols:
    """Bars and sparklines in one kind of graphs."""

    levels: str
    """Columns of a sparkline, from an empty cell to a full one."""
    bar: str
    bar_half: str
    """The end of a bar that fills half of its last cell; "" where there is none."""
    bar_rest: str


_SYMBOLS = {
    Graphs.BRAILLE: Symbols(" ▁▂▃▄▅▆▇█", "━", "╸", "─"),
    Graphs.QUADRANT: Symbols(" ▁▂▃▄▅▆▇█", "━", "╸", "─"),
    Graphs.BLOCK: Symbols(" ▄█", "█", "▌", "─"),
    Graphs.ASCII: Symbols(" .:#", "#", "", "-"),
}
_in_use = Graphs.BRAILLE


def use(graphs: Graphs) -> None:
    """Draw with these from now on."""
    global _in_use
    _in_use = graphs


def in_use() -> Graphs:
    """What graphs are drawn with."""
    return _in_use


def symbols() -> Symbols:
    """The symbols of the graphs in use."""
    return _SYMBOLS[_in_use]


def detect(environ: Mapping[str, str] | None = None, encoding: str | None = None) -> Graphs:
    """The finest that can be expected of a terminal with this environment and this locale's encoding."""
    environ = os.environ if environ is None else environ
    encoding = locale.getencoding() if encoding is None else encoding
    if encoding.lower().replace("-", "") != "utf8":
        return Graphs.ASCII
    return Graphs.BLOCK if environ.get("TERM") == "linux" else Graphs.BRAILLE


def choose(setting: str) -> Graphs:
    """The graphs of that name; of "auto", and of a name that is none, those that the terminal is sure to have."""
    return Graphs(setting) if setting in list(Graphs) else detect()
