"""From stored pixels to the network's input, in batches: deskew, random affine maps and normalization.

Drawing the maps is separate from applying them, so that every backend applies the same ones.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from mnist_tui.config import TrainConfig
from mnist_tui.data.deskew import make_deskew_maps


def make_network_input(images: Tensor, config: TrainConfig) -> Tensor:
    """The input of a network: (N, 1, 28, 28) uint8 -> float32 of the same shape, normalized, deskewed if configured."""
    maps = make_deskew_maps(images, config.deskew) if config.deskew else None
    return apply_maps(images, maps if maps is None else maps.to(images.device), config)


def deskew_pixels(images: Tensor, config: TrainConfig) -> Tensor:
    """`make_network_input` without normalization, to be displayed: (N, 1, 28, 28) uint8 -> the same."""
    if not config.deskew:
        return images
    return make_network_input(images, config.replace(mean=0.0, std=1.0)).mul_(255).round_().to(torch.uint8)


def apply_maps(images: Tensor, maps: Tensor | None, config: TrainConfig) -> Tensor:
    """`images` after one affine map each, normalized: maps (N, 2, 3) on their device, or None for no maps.

    Pixels from outside an image are black, as if it were rotated before it is normalized.
    """
    pixels = images.float().div_(255)
    if maps is not None:
        grid = F.affine_grid(maps, list(images.shape), align_corners=False)
        pixels = F.grid_sample(pixels, grid, mode=config.interpolation, padding_mode="zeros", align_corners=False)
    # NCHW, as any training loop feeds it; with one channel channels_last is the same memory.
    return pixels.sub_(config.mean).div_(config.std).contiguous()


def draw_random_maps(count: int, size: int, config: TrainConfig, generator: torch.Generator) -> Tensor | None:
    """(count, 2, 3) float32: output position -> input position, both in [-1, 1] over an image `size` wide.

    On the CPU, whatever the device, so that a seed gives the same maps everywhere. None if none are configured.
    """
    if not any((config.rotation, config.shift, config.scale, config.shear)):
        return None

    def uniform(limit: float) -> Tensor:
        return torch.rand(count, generator=generator).mul_(2).sub_(1).mul_(limit)

    angle = uniform(math.radians(config.rotation))
    zoom = 1 / (1 + uniform(config.scale))
    # A pixel is 2 / size wide in these coordinates.
    right, down = uniform(2 * config.shift / size), uniform(2 * config.shift / size)
    cos, sin = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    maps = torch.stack([torch.stack([cos, -sin, right], dim=1), torch.stack([sin, cos, down], dim=1)], dim=1)
    if config.shear:
        # Slanted before it is rotated, as handwriting is.
        maps[:, 0, :2] += uniform(config.shear)[:, None] * maps[:, 1, :2]
    return maps
