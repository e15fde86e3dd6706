"""From pen strokes to pixels, normalised as MNIST is: a box of 20x20, centred by mass in 28x28."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor

BOX = 20
SIDE = 28
# As many images' bells as stay in the processor's cache from one operation to the next: twice as fast as all at once.
_INKED_AT_ONCE = 512
# The exponential of anything less is no float32 of full precision any more, and takes a processor twenty times as long.
_NOTHING = -87.0


def render(nodes: Tensor, inked: Tensor, random: Generator) -> Tensor:
    """Images (B, 1, 28, 28) uint8 of digits with the given nodes (B, N, 2): (x, y), about one unit high.

    The pen is down from one node to the next where `inked` (B, N - 1) is 1.
    """
    radius = _pen_radius(nodes, inked, random)
    blur = 0.3 + 0.35 * radius  # edges soften over about a pixel, as MNIST's do, whatever the pen
    nodes = _fit_box(nodes, radius)
    steps = nodes.diff(dim=1)
    lengths = torch.linalg.vector_norm(steps, dim=2)
    gain = 0.5 * torch.exp((radius / blur) ** 2 / 2)  # so that ink is 1/2 at the pen's radius from its path
    amount = inked * lengths * gain * _pressure(inked, random)
    return _centre_by_mass(_ink(nodes[:, :-1] + steps / 2, amount, blur))


def _pen_radius(nodes: Tensor, inked: Tensor, random: Generator) -> Tensor:
    """Half the thickness (B, 1) of the lines, in pixels.

    A digit of much line gets thinner lines, never so thick that its loops fill: people write it larger.
    """
    length = (inked * torch.linalg.vector_norm(nodes.diff(dim=1), dim=2)).sum(dim=1, keepdim=True)
    spread = torch.exp(0.34 * torch.randn(len(nodes), 1, generator=random)).clamp(0.5, 2.5)
    return torch.minimum(1.4 * spread * length.pow(-0.2), 3.6 * length.pow(-0.5))


def _fit_box(nodes: Tensor, margin: Tensor) -> Tensor:
    """Nodes in pixels of the box: the longer side fills it, the pen's `margin` (B, 1) included."""
    low, high = nodes.amin(dim=1, keepdim=True), nodes.amax(dim=1, keepdim=True)
    room = BOX - 2 * margin.unsqueeze(2)
    scale = room / (high - low).amax(dim=2, keepdim=True)
    return (nodes - (low + high) / 2) * scale + BOX / 2


def _pressure(inked: Tensor, random: Generator) -> Tensor:
    """Factors (B, N - 1) around 1: the hand presses harder here and there along the stroke."""
    phase = torch.linspace(0, 2 * math.pi, inked.shape[1])
    speed = 0.5 + 2 * torch.rand(len(inked), 1, generator=random)
    start = 2 * math.pi * torch.rand(len(inked), 1, generator=random)
    strength = 0.4 * torch.randn(len(inked), 1, generator=random)
    return torch.exp(strength * torch.sin(speed * phase + start))


def _ink(points: Tensor, amount: Tensor, width: Tensor) -> Tensor:
    """Ink (B, 20, 20) in [0, 1]: Gaussian spots of deviation `width` (B, 1) at points (B, P, 2), saturating.

    With `amount` (B, P) the length of line each stands for, a straight line has height 1 along its middle.
    """
    height = amount / (width * math.sqrt(2 * math.pi))
    ink = torch.empty(len(points), BOX, BOX)
    for start in range(0, len(points), _INKED_AT_ONCE):
        part = slice(start, start + _INKED_AT_ONCE)
        rows, columns = (_bells(points[part, :, axis], width[part]) for axis in (1, 0))
        torch.bmm(rows.mul_(height[part].unsqueeze(1)), columns.transpose(1, 2), out=ink[part])
    return ink.sub_(0.05).clamp_(0, 1)


def _bells(places: Tensor, width: Tensor) -> Tensor:
    """(B, 20, P): what spots at `places` (B, P) along an axis are at each pixel of it.

    A spot is the product of such a bell in x and one in y, so that the sum over all spots is a matrix product.
    """
    pixels = (torch.arange(BOX) + 0.5).view(1, -1, 1)
    distances = (pixels - places.unsqueeze(1)).div_(width.unsqueeze(2))
    return distances.square_().mul_(-0.5).clamp_(min=_NOTHING).exp_()


def _centre_by_mass(ink: Tensor) -> Tensor:
    """Images (B, 1, 28, 28) uint8: the box, moved by whole pixels to bring its mass to the image's centre."""
    pixels = torch.arange(BOX) + 0.5
    mass = ink.sum(dim=(1, 2))
    top = _offset((ink.sum(dim=2) @ pixels) / mass)
    left = _offset((ink.sum(dim=1) @ pixels) / mass)
    places = (torch.arange(BOX) * SIDE).view(-1, 1) + torch.arange(BOX)
    places = places + (top * SIDE + left).view(-1, 1, 1)
    images = torch.zeros(len(ink), SIDE * SIDE, dtype=torch.uint8)
    images.scatter_(1, places.flatten(1), (ink * 255).round().to(torch.uint8).flatten(1))
    return images.view(-1, 1, SIDE, SIDE)


def _offset(centre: Tensor) -> Tensor:
    return (SIDE / 2 - centre).round().clamp(0, SIDE - BOX).long()
