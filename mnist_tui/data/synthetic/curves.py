"""From skeletons to matrices: every node of a drawn curve is a fixed linear mix of its control points."""

from __future__ import annotations

import functools
import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnist_tui.data.synthetic.skeletons import ALLOGRAPHS, Allograph, Point

Floats = NDArray[np.float32]

NODES = 56
"""Nodes a digit: at a height of 20 pixels they lie at most about a pixel apart, closer than a pen is wide."""


@dataclass(frozen=True)
class Alphabet:
    """All A allographs side by side, padded to K control points, for batched drawing."""

    sums: Floats  # (10, A): how often a digit (row) is written in this way or in one before it
    controls: Floats  # (A, K, 2): (x, y) in heights of the digit
    mixing: Floats  # (A, NODES, K): nodes = mixing @ controls
    inked: Floats  # (A, NODES - 1): 1 where the pen is down from one node to the next, else 0
    ends: Floats  # (A, K, 1): 1 for control points where a stroke starts or ends, else 0


@functools.cache
def build_alphabet() -> Alphabet:
    """The skeletons, compiled once."""
    count = len(ALLOGRAPHS)
    most = max(len(_control_points(allograph)) for allograph in ALLOGRAPHS)
    shares = np.zeros((10, count))
    made = Alphabet(
        sums=np.zeros((10, count), dtype=np.float32),
        controls=np.zeros((count, most, 2), dtype=np.float32),
        mixing=np.zeros((count, NODES, most), dtype=np.float32),
        inked=np.ones((count, NODES - 1), dtype=np.float32),
        ends=np.zeros((count, most, 1), dtype=np.float32),
    )
    for index, allograph in enumerate(ALLOGRAPHS):
        shares[allograph.digit, index] = allograph.share
        _compile(allograph, made.controls[index], made.mixing[index], made.inked[index], made.ends[index])
    made.sums[:] = shares.cumsum(axis=1) / shares.sum(axis=1, keepdims=True)
    return made


def _control_points(allograph: Allograph) -> list[Point]:
    return [point for stroke in allograph.strokes for piece in stroke for point in piece]


def _compile(allograph: Allograph, controls: Floats, mixing: Floats, inked: Floats, ends: Floats) -> None:
    """Fill in an allograph's control points (K, 2), mixing matrix (NODES, K), inked gaps and stroke ends."""
    points = _control_points(allograph)
    controls[: len(points)] = points
    strokes = _spans(allograph)
    lengths = [sum(_length(points, span) for span in stroke) for stroke in strokes]
    start = 0
    for index, spans in enumerate(strokes):
        end = round(NODES * sum(lengths[: index + 1]) / sum(lengths))
        for node, position in enumerate(np.linspace(0, lengths[index], end - start).tolist(), start):
            for control, weight in _mix(points, spans, position):
                mixing[node, control] += weight
        inked[end - 1 : end] = 0
        ends[[spans[0][1], spans[-1][2]]] = 1
        start = end


# From control b to control c of a smooth piece, with the neighbors a and d before and behind them: indexes.
Span = tuple[int | None, int, int, int | None]


def _spans(allograph: Allograph) -> list[list[Span]]:
    """The spans of each stroke; a and d are None at the ends of a piece."""
    strokes: list[list[Span]] = []
    indexes = itertools.count()
    for stroke in allograph.strokes:
        spans: list[Span] = []
        piece: list[int] = []
        for points in stroke:
            piece = piece[-1:] + [next(indexes) for _ in points]
            spans += zip([None, *piece[:-2]], piece[:-1], piece[1:], [*piece[2:], None], strict=True)
        strokes.append(spans)
    return strokes


def _length(points: list[Point], span: Span) -> float:
    return math.dist(points[span[1]], points[span[2]])


def _mix(points: list[Point], spans: list[Span], position: float) -> list[tuple[int, float]]:
    """The control points, with weights, of the place `position` along the chords of a stroke."""
    for span in spans:
        length = _length(points, span)
        if position <= length:
            return _catmull_rom(span, position / length)
        position -= length
    return _catmull_rom(spans[-1], 1.0)  # rounding put the last node a hair beyond the end


def _catmull_rom(span: Span, t: float) -> list[tuple[int, float]]:
    """Weights of a uniform Catmull-Rom spline at t in [0, 1], from b to c.

    Where a piece ends, the missing neighbor is the reflection of the one on the other side.
    """
    a, b, c, d = span
    weight_a = t * (-0.5 + t * (1 - 0.5 * t))
    weight_b = 1 + t * t * (-2.5 + 1.5 * t)
    weight_c = t * (0.5 + t * (2 - 1.5 * t))
    weight_d = t * t * (-0.5 + 0.5 * t)
    before = [(b, 2 * weight_a), (c, -weight_a)] if a is None else [(a, weight_a)]
    behind = [(c, 2 * weight_d), (b, -weight_d)] if d is None else [(d, weight_d)]
    return [*before, (b, weight_b), (c, weight_c), *behind]
