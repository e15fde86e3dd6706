"""Lines as dots, and dots as characters: several to a cell, by the graphs in use."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from mnist_tui.render.graphs import Graphs
from mnist_tui.tui.widgets.charts.loss_trace import Floats

Mask = NDArray[np.bool_]
Codes = NDArray[np.uint32]
"""Characters by their code points."""

_QUADRANTS = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"
_HALVES = " ▀▄█"
# A dot at the top, in the middle, at the bottom of the cell.
_ASCII = " '-'.:.|"
# So far beyond the picture a line is cut off, in pictures: however steep, it is not longer than this.
_BEYOND = 4


@dataclass(frozen=True)
class DotGlyphs:
    """How many dots there are to a cell, and the character for each set of them."""

    across: int
    down: int
    weights: NDArray[np.uint32]
    """(down, across): what each dot adds to the index of the character."""
    glyphs: Codes


@cache
def dot_glyphs(graphs: Graphs) -> DotGlyphs:
    """The dots of one kind of graphs."""
    match graphs:
        case Graphs.BRAILLE:
            weights = np.array([[1, 8], [2, 16], [4, 32], [64, 128]], np.uint32)
            return DotGlyphs(2, 4, weights, np.arange(0x2800, 0x2900, dtype=np.uint32))
        case Graphs.QUADRANT:
            return DotGlyphs(2, 2, np.array([[1, 2], [4, 8]], np.uint32), _codes(_QUADRANTS))
        case Graphs.BLOCK:
            return DotGlyphs(1, 2, np.array([[1], [2]], np.uint32), _codes(_HALVES))
        case Graphs.ASCII:
            return DotGlyphs(1, 3, np.array([[1], [2], [4]], np.uint32), _codes(_ASCII))


def draw_line(across: Floats, down: Floats, size: tuple[int, int], *, thick: bool = False) -> Mask:
    """(rows, columns) of dots, True along the line through these points; what lies outside is left out.

    Points are in dots from the top left corner. A thick line is two dots wide.
    """
    rows, columns = size
    mask = np.zeros((rows, columns), np.bool_)
    down = np.clip(down, -_BEYOND * rows, (1 + _BEYOND) * rows)
    if len(across) > 1:
        across, down = _sample(across, down)
    mark_points(mask, across, down)
    if thick:
        mask[1:] |= mask[:-1].copy()
        mask[:, 1:] |= mask[:, :-1].copy()
    return mask


def mark_points(mask: Mask, across: Floats, down: Floats) -> None:
    """Set the dots at these points that lie inside."""
    x, y = np.floor(across).astype(np.int64), np.floor(down).astype(np.int64)
    inside = (x >= 0) & (x < mask.shape[1]) & (y >= 0) & (y < mask.shape[0])
    mask[y[inside], x[inside]] = True


def to_characters(mask: Mask, dots: DotGlyphs) -> Codes:
    """(rows, columns) of cells; 0 where a cell has no dot."""
    rows, columns = mask.shape[0] // dots.down, mask.shape[1] // dots.across
    cells = mask.reshape(rows, dots.down, columns, dots.across)
    index = np.einsum("rdca,da->rc", cells, dots.weights, dtype=np.uint32, casting="unsafe")
    codes: Codes = np.where(index > 0, dots.glyphs[index], 0).astype(np.uint32)
    return codes


def _sample(across: Floats, down: Floats) -> tuple[Floats, Floats]:
    """Points along the lines between these, no two more than a dot apart."""
    steps_x, steps_y = np.diff(across), np.diff(down)
    counts = np.maximum(np.ceil(np.maximum(np.abs(steps_x), np.abs(steps_y))), 1).astype(np.int64)
    starts = np.cumsum(counts) - counts
    share = (np.arange(counts.sum()) - np.repeat(starts, counts)) / np.repeat(counts, counts)
    x = np.repeat(across[:-1], counts) + share * np.repeat(steps_x, counts)
    y = np.repeat(down[:-1], counts) + share * np.repeat(steps_y, counts)
    return np.append(x, across[-1]), np.append(y, down[-1])


def _codes(characters: str) -> Codes:
    return np.array([ord(character) for character in characters], np.uint32)
