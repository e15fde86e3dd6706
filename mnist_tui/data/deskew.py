"""Deskewing: how much a digit slants, by the moments of its ink, and the map that straightens it.

LeCun et al. (1998) trained on a "deslanted" MNIST in the same way.
"""

from __future__ import annotations

import torch
from torch import Tensor

# Images per chunk: their pixels take 6 MB as float64.
_CHUNK = 1024
_MOST = 1.0
"""The largest shift per row, in pixels: more than 45 degrees is not the slant of a stroke."""


def make_deskew_maps(images: Tensor, share: float) -> Tensor:
    """(N, 2, 3) float32, on the CPU: output position -> input position, which remove this share of each slant.

    images: (N, 1, H, W) uint8, H = W; positions in [-1, 1], as in `draw_random_maps`. Rows keep their height, and the
    row through the ink's center stays where it is.
    """
    return torch.cat([make_deskew_maps_unchunked(part, share) for part in images.cpu().split(_CHUNK)])


def make_deskew_maps_unchunked(images: Tensor, share: float) -> Tensor:
    """`make_deskew_maps` for few images on the CPU, in operations that any exporter supports.

    The slant is the ink's covariance of x and y over its variance of y; 0 without ink, or with all of it in one row.
    The sums are of whole numbers, and so the same for any number of threads.
    """
    height = images.shape[-2]
    y, x = torch.meshgrid(*(torch.arange(side).double() for side in images.shape[-2:]), indexing="ij")
    powers = torch.stack([torch.ones_like(x), x, y, x * y, y * y]).flatten(1)
    ink, by_x, by_y, by_xy, by_yy = (images.flatten(1).double() @ powers.T).unbind(1)
    covariance, variance = ink * by_xy - by_x * by_y, ink * by_yy - by_y * by_y  # each times the ink's square
    slant = (covariance / variance.clamp(min=1)).clamp(-_MOST, _MOST) * share
    middle = (2 * (by_y / ink.clamp(min=1)) + 1) / height - 1
    one, zero = torch.ones_like(slant), torch.zeros_like(slant)
    return torch.stack([one, slant, -slant * middle, zero, one, zero], dim=1).view(-1, 2, 3).float()


def compose_maps(outer: Tensor, inner: Tensor) -> Tensor:
    """Maps (N, 2, 3) that apply first `inner`, then `outer`."""
    both = outer[:, :, :1] * inner[:, :1] + outer[:, :, 1:2] * inner[:, 1:]
    both[:, :, 2] += outer[:, :, 2]
    return both
