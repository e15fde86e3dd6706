"""Digits to put on paper: pen strokes of the program's own skeletons, and MNIST's test digits enlarged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from mnist_tui.data.synthetic.skeletons import ALLOGRAPHS

Ink = npt.NDArray[np.float32]
"""(H, W), the share of each pixel that ink covers."""
Strokes = list[npt.NDArray[np.float64]]
"""Polylines (N, 2) of x and y; the digit is one high and has its middle at the origin."""

_SHIFT = 4  # OpenCV draws at sixteenths of a pixel


@dataclass(frozen=True)
class Digit:
    """What is written, and a way to write it: `ink(height, pen)` is as small as the digit."""

    label: int
    ink: Callable[[float, float], Ink]


def strokes(label: int, random: np.random.Generator) -> Strokes:
    """One of the ways to write `label`, mildly deformed: legible, as on a form."""
    ways = [allograph for allograph in ALLOGRAPHS if allograph.digit == label]
    shares = np.array([way.share for way in ways])
    way = ways[random.choice(len(ways), p=shares / shares.sum())]
    slant, aspect, angle = random.normal(0.05, 0.1), np.exp(random.normal(0, 0.1)), random.normal(0, 0.05)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    bent = turn @ np.array([[aspect, -slant], [0, 1]])
    lines = [np.concatenate([_smooth(np.array(piece)) for piece in _joined(stroke)]) for stroke in way.strokes]
    lines = [line @ bent.T for line in lines]
    every = np.concatenate(lines)
    low, high = every.min(axis=0), every.max(axis=0)
    return [(line - (low + high) / 2) / (high[1] - low[1]) for line in lines]


def _joined(pieces: list[list[tuple[float, float]]]) -> list[list[tuple[float, float]]]:
    """Each piece begins where the one before it ended."""
    joined = [pieces[0]]
    for piece in pieces[1:]:
        joined.append([joined[-1][-1], *piece])
    return joined


def _smooth(points: npt.NDArray[np.float64], count: int = 40) -> npt.NDArray[np.float64]:
    """A Catmull-Rom curve through the points."""
    if len(points) < 3:
        return points
    padded = np.vstack([2 * points[0] - points[1], points, 2 * points[-1] - points[-2]])
    t = np.linspace(0, 1, count)[:, None]
    spans = []
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        spans.append(0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3))
    return np.concatenate(spans)


def drawn(label: int, random: np.random.Generator) -> Digit:
    """A digit of strokes, drawn with a round pen."""
    lines = strokes(label, random)

    def ink(height: float, pen: float) -> Ink:
        every = np.concatenate(lines)
        margin = pen / 2 + 2
        low, high = every.min(axis=0) * height - margin, every.max(axis=0) * height + margin
        width, depth = np.ceil(high - low).astype(int)
        canvas = np.zeros((depth, width), np.uint8)
        for line in lines:
            at = np.rint((line * height - low) * 2**_SHIFT).astype(np.int32)
            cv2.polylines(canvas, [at], False, 255, max(1, round(pen)), cv2.LINE_AA, _SHIFT)
        return canvas.astype(np.float32) / 255

    return Digit(label, ink)


def enlarged(image: npt.NDArray[np.uint8], label: int) -> Digit:
    """One of MNIST's images; it has a pen of its own."""

    def ink(height: float, pen: float) -> Ink:
        rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
        cut = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        cut = np.pad(cut, 1).astype(np.float32) / 255
        scale = height / (cut.shape[0] - 2)
        size = (max(1, round(cut.shape[1] * scale)), max(1, round(cut.shape[0] * scale)))
        return np.clip(cv2.resize(cut, size, interpolation=cv2.INTER_CUBIC), 0, 1)

    return Digit(label, ink)
