"""No two hands alike: random deformations of the skeletons, all images of a block at once."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor

from mnist_tui.data.synthetic.curves import Alphabet

WAVES = 3


def draw_strokes(alphabet: Alphabet, ways: Tensor, random: Generator) -> Tensor:
    """Nodes (B, NODES, 2) of digits written in the given `ways` (B,) int64: (x, y), about one unit high."""
    controls = alphabet.controls[ways]
    reach = 0.027 + 0.04 * alphabet.ends[ways]  # hands agree least on where to start and to stop
    controls = controls + reach * torch.randn(controls.shape, generator=random)
    nodes = alphabet.mixing[ways] @ controls
    nodes = nodes - nodes.mean(dim=1, keepdim=True)
    nodes = _wobble(nodes, random)
    nodes = _taper(nodes, random)
    return nodes @ _slant(len(ways), random)


def _wobble(nodes: Tensor, random: Generator) -> Tensor:
    """Move every node by a few long waves across the plane, so that near parts move alike."""
    count = len(nodes)
    frequency = 0.5 * torch.randn(count, 2, WAVES, generator=random)
    phase = torch.rand(count, 1, WAVES, generator=random)
    shift = 0.055 * torch.randn(count, WAVES, 2, generator=random)
    return nodes + torch.sin(2 * math.pi * (nodes @ frequency + phase)) @ shift


def _taper(nodes: Tensor, random: Generator) -> Tensor:
    """Widen the upper part and narrow the lower one, or the other way round, and the same for heights."""
    strength = 0.28 * torch.randn(len(nodes), 1, 2, generator=random)
    return nodes * torch.exp(strength * nodes[:, :, 1:].clamp(-1, 1))


def _slant(count: int, random: Generator) -> Tensor:
    """Matrices (count, 2, 2) for row vectors (x, y): aspect, then slant, then rotation."""
    aspect = torch.exp(0.23 * torch.randn(count, generator=random))
    slant = 0.12 + 0.25 * torch.randn(count, generator=random)
    angle = 0.08 * torch.randn(count, generator=random)
    zero, one = torch.zeros(count), torch.ones(count)
    shear = torch.stack([aspect, zero, -slant, one], dim=1).view(count, 2, 2)
    cos, sin = torch.cos(angle), torch.sin(angle)
    return shear @ torch.stack([cos, sin, -sin, cos], dim=1).view(count, 2, 2)
