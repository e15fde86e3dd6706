"""From pen strokes to pixels, normalized like MNIST: in a box of 20×20, centered by mass in 28×28."""

from __future__ import annotations

import math

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mnist_tui.config import IMAGE_SIZE
from mnist_tui.data.synthetic.curves import Floats

BOX = 20
# Bells end here, in widths and at 2e-16, far below what a pixel can show: where the product of two of them is a
# denormal float32, a processor takes many times as long.
_FAR = np.float32(6)
_PIXELS = np.arange(BOX, dtype=np.float32) + np.float32(0.5)


def render(nodes: Floats, inked: Floats, random: Generator) -> NDArray[np.uint8]:
    """Images (B, 28, 28) of digits with the given nodes (2, B, N): all x, all y, about one unit high.

    The pen is down from one node to the next where `inked` (B, N - 1) is 1.
    """
    radius = _pen_radius(nodes, inked, random)
    blur = 0.3 + 0.35 * radius  # edges soften over about a pixel, as MNIST's do, whatever the pen
    nodes = _fit_box(nodes, radius)
    steps = np.diff(nodes)
    # So that ink is 1/2 at the pen's radius from its path.
    gain: Floats = np.exp(np.square(radius / blur) * np.float32(0.5)) * np.float32(0.5)
    amount = inked * _lengths(steps) * gain * _pressure(inked, random)
    return _center_by_mass(_ink(nodes[:, :, :-1] + 0.5 * steps, amount, blur))


def _lengths(steps: Floats) -> Floats:
    """(B, N - 1), of steps (2, B, N - 1)."""
    lengths: Floats = np.sqrt(steps[0] ** 2 + steps[1] ** 2)
    return lengths


def _pen_radius(nodes: Floats, inked: Floats, random: Generator) -> Floats:
    """Half the thickness (B, 1) of the lines, in pixels.

    A digit of much line gets thinner lines, never so thick that its loops fill: people write it larger.
    """
    length: Floats = (inked * _lengths(np.diff(nodes))).sum(axis=1, keepdims=True)
    spread = np.exp(0.34 * random.standard_normal(length.shape, dtype=np.float32)).clip(0.5, 2.5)
    radius: Floats = np.minimum(1.4 * spread * length**-0.2, 3.6 * length**-0.5)
    return radius


def _fit_box(nodes: Floats, margin: Floats) -> Floats:
    """Nodes in pixels of the box: the longer side fills it, the pen's `margin` (B, 1) included."""
    low, high = nodes.min(axis=2, keepdims=True), nodes.max(axis=2, keepdims=True)
    scale = (BOX - 2 * margin) / (high - low).max(axis=0)
    fitted: Floats = (nodes - (low + high) / 2) * scale + BOX / 2
    return fitted


def _pressure(inked: Floats, random: Generator) -> Floats:
    """Factors (B, N - 1) around 1: the hand presses harder here and there along the stroke."""
    count, gaps = inked.shape
    phase = np.linspace(0, 2 * math.pi, gaps, dtype=np.float32)
    speed = 0.5 + 2 * random.random((count, 1), dtype=np.float32)
    start = 2 * np.float32(math.pi) * random.random((count, 1), dtype=np.float32)
    strength = 0.4 * random.standard_normal((count, 1), dtype=np.float32)
    pressure: Floats = np.exp(strength * np.sin(speed * phase + start))
    return pressure


def _ink(points: Floats, amount: Floats, width: Floats) -> Floats:
    """Ink (B, 20, 20) in [0, 1]: Gaussian spots of deviation `width` (B, 1) at points (2, B, P), saturating.

    With `amount` (B, P) the length of line each stands for, a straight line has height 1 along its middle.
    """
    height = amount / (width * np.float32(math.sqrt(2 * math.pi)))
    columns, rows = (_bells(places, width) for places in points)
    rows *= height[:, None, :]
    ink = rows @ columns.transpose(0, 2, 1)
    ink -= np.float32(0.05)
    np.clip(ink, 0, 1, out=ink)
    return ink


def _bells(places: Floats, width: Floats) -> Floats:
    """(B, 20, P): what spots at `places` (B, P) along an axis are at each pixel of it.

    A spot is the product of such a bell in x and one in y, so that the sum over all spots is a matrix product.
    """
    narrow = np.float32(math.sqrt(0.5)) / width
    bells = (_PIXELS * narrow)[:, :, None] - (places * narrow)[:, None, :]
    np.clip(bells, -_FAR, _FAR, out=bells)
    np.square(bells, out=bells)
    np.negative(bells, out=bells)
    np.exp(bells, out=bells)
    return bells


def _center_by_mass(ink: Floats) -> NDArray[np.uint8]:
    """Images (B, 28, 28): the box, moved by whole pixels to bring its mass to the image's center."""
    rows, columns = ink.sum(axis=2), ink.sum(axis=1)
    mass = rows.sum(axis=1)
    tops, lefts = _offsets(rows @ _PIXELS / mass), _offsets(columns @ _PIXELS / mass)
    images = np.zeros((len(ink), IMAGE_SIZE, IMAGE_SIZE), dtype=np.uint8)
    ink *= 255
    boxes = np.rint(ink, out=ink).astype(np.uint8)
    for image, box, top, left in zip(images, boxes, tops, lefts, strict=True):
        image[top : top + BOX, left : left + BOX] = box
    return images


def _offsets(centers: Floats) -> list[int]:
    offsets: list[int] = np.rint(IMAGE_SIZE / 2 - centers).clip(0, IMAGE_SIZE - BOX).astype(int).tolist()
    return offsets
