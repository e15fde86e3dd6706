"""From skeletons to matrices: every node of a drawn curve is a fixed linear mix of its control points."""

from __future__ import annotations

import functools
import itertools
import math
from dataclasses import dataclass

import torch
from torch import Tensor

from mnist_tui.data.synthetic.skeletons import ALLOGRAPHS, Allograph, Point

NODES = 80
"""Nodes a digit: at a height of 20 pixels they lie less than a pixel apart, closer than a pen is wide."""


@dataclass(frozen=True)
class Alphabet:
    """All A allographs side by side, padded to K control points, for batched drawing."""

    shares: Tensor  # (10, A) float32: how often a digit (row) is written in each way
    controls: Tensor  # (A, K, 2) float32: (x, y) in heights of the digit
    mixing: Tensor  # (A, NODES, K) float32: nodes = mixing @ controls
    inked: Tensor  # (A, NODES - 1) float32: 1 where the pen is down from one node to the next, else 0
    ends: Tensor  # (A, K, 1) float32: 1 for control points where a stroke starts or ends, else 0


@functools.cache
def alphabet() -> Alphabet:
    """The skeletons, compiled once."""
    drawings = [_compile(allograph) for allograph in ALLOGRAPHS]
    shares = torch.zeros(10, len(ALLOGRAPHS))
    for index, allograph in enumerate(ALLOGRAPHS):
        shares[allograph.digit, index] = allograph.share
    controls, mixing, inked, ends = zip(*drawings, strict=True)
    pad = functools.partial(torch.nn.utils.rnn.pad_sequence, batch_first=True)
    return Alphabet(
        shares=shares,
        controls=pad(list(controls)),
        mixing=pad([matrix.T for matrix in mixing]).transpose(1, 2).contiguous(),
        inked=torch.stack(inked),
        ends=pad(list(ends)),
    )


def _compile(allograph: Allograph) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Control points (K, 2), mixing matrix (NODES, K), inked gaps (NODES - 1,) and stroke ends (K, 1)."""
    points = [point for stroke in allograph.strokes for piece in stroke for point in piece]
    strokes = _spans(allograph)
    lengths = [sum(_length(points, span) for span in stroke) for stroke in strokes]
    entries: list[tuple[int, int, float]] = []
    inked = torch.ones(NODES - 1)
    ends = torch.zeros(len(points), 1)
    start = 0
    for index, spans in enumerate(strokes):
        end = round(NODES * sum(lengths[: index + 1]) / sum(lengths))
        for node, position in enumerate(torch.linspace(0, lengths[index], end - start).tolist(), start):
            for control, weight in _mix(points, spans, position):
                entries.append((node, control, weight))
        inked[end - 1 : end] = 0
        ends[[spans[0][1], spans[-1][2]]] = 1
        start = end
    nodes, controls, weights = zip(*entries, strict=True)
    mixing = torch.zeros(NODES, len(points))
    # All at once: one assignment after the other would take a third of a second.
    mixing.index_put_((torch.tensor(nodes), torch.tensor(controls)), torch.tensor(weights), accumulate=True)
    return torch.tensor(points), mixing, inked, ends


# From control b to control c of a smooth piece, with the neighbours a and d before and behind them: indexes.
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

    Where a piece ends, the missing neighbour is the reflection of the one on the other side.
    """
    a, b, c, d = span
    weight_a = t * (-0.5 + t * (1 - 0.5 * t))
    weight_b = 1 + t * t * (-2.5 + 1.5 * t)
    weight_c = t * (0.5 + t * (2 - 1.5 * t))
    weight_d = t * t * (-0.5 + 0.5 * t)
    before = [(b, 2 * weight_a), (c, -weight_a)] if a is None else [(a, weight_a)]
    behind = [(c, 2 * weight_d), (b, -weight_d)] if d is None else [(d, weight_d)]
    return [*before, (b, weight_b), (c, weight_c), *behind]
