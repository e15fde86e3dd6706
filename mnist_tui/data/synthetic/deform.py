"""No two hands alike: random deformations of the skeletons, all images of a block at once."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mnist_tui.data.synthetic.curves import Alphabet, Floats

WAVES = 3


def draw_strokes(alphabet: Alphabet, ways: NDArray[np.int64], random: Generator) -> Floats:
    """Nodes (2, B, NODES) of digits written in the given `ways` (B,): all x, all y, about one unit high."""
    controls = alphabet.controls[ways]
    reach = 0.027 + 0.04 * alphabet.ends[ways]  # hands agree least on where to start and to stop
    controls = controls + reach * _normal(random, *controls.shape)
    nodes = np.ascontiguousarray(np.moveaxis(alphabet.mixing[ways] @ controls, 2, 0))
    nodes -= nodes.mean(axis=2, keepdims=True)
    nodes = _wobble(nodes, random)
    nodes = _taper(nodes, random)
    return _slant(nodes, random)


def _wobble(nodes: Floats, random: Generator) -> Floats:
    """Move every node by a few long waves across the plane, so that near parts move alike."""
    count = nodes.shape[1]
    frequency = 0.5 * _normal(random, WAVES, 2, count, 1)
    phase = random.random((WAVES, count, 1), dtype=np.float32)
    shift = 0.055 * _normal(random, WAVES, 2, count, 1)
    x, y = nodes
    moved = nodes.copy()
    for wave in range(WAVES):
        place = frequency[wave, 0] * x + frequency[wave, 1] * y + phase[wave]
        moved += shift[wave] * np.sin(np.float32(2 * np.pi) * place)
    return moved


def _taper(nodes: Floats, random: Generator) -> Floats:
    """Widen the upper part and narrow the lower one, or the other way round, and the same for heights."""
    strength = 0.28 * _normal(random, 2, nodes.shape[1], 1)
    tapered: Floats = nodes * np.exp(strength * nodes[1].clip(-1, 1))
    return tapered


def _slant(nodes: Floats, random: Generator) -> Floats:
    """Another aspect, then a slant, then a rotation."""
    count = nodes.shape[1]
    aspect = np.exp(0.23 * _normal(random, count, 1))
    slant = 0.12 + 0.25 * _normal(random, count, 1)
    angle = 0.08 * _normal(random, count, 1)
    cos, sin = np.cos(angle), np.sin(angle)
    x, y = aspect * nodes[0] - slant * nodes[1], nodes[1]
    return np.stack([cos * x - sin * y, sin * x + cos * y])


def _normal(random: Generator, *shape: int) -> Floats:
    return random.standard_normal(shape, dtype=np.float32)
