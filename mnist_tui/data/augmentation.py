"""From stored pixels to what the network sees: random affine maps and normalisation, batched.

The maps are drawn apart from being applied, so that every backend applies the very same ones.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from mnist_tui.config import TrainConfig


def network_input(images: Tensor, config: TrainConfig) -> Tensor:
    """Normalise images: (N, 1, 28, 28) uint8 -> float32 of the same shape."""
    return _normalised(images.float().div_(255), config)


def augmented_input(images: Tensor, maps: Tensor | None, config: TrainConfig) -> Tensor:
    """`network_input` after one affine map an image: `random_maps`, on the images' device.

    Pixels moved in from outside are black, as they are when an image is rotated before normalising.
    """
    if maps is None:
        return network_input(images, config)
    grid = F.affine_grid(maps, list(images.shape), align_corners=False)
    pixels = images.float().div_(255)
    moved = F.grid_sample(pixels, grid, mode=config.interpolation, padding_mode="zeros", align_corners=False)
    return _normalised(moved, config)


def random_maps(count: int, size: int, config: TrainConfig, generator: torch.Generator) -> Tensor | None:
    """(count, 2, 3) float32: output position -> input position, both in [-1, 1] over an image `size` wide.

    On the CPU, whatever the device, so that a seed means the same everywhere. None where no map is asked for.
    """
    if not is_augmented(config):
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
        # Slanted before it is rotated, as handwriting is: what is read moves right with each row down.
        maps[:, 0, :2] += uniform(config.shear)[:, None] * maps[:, 1, :2]
    return maps


def is_augmented(config: TrainConfig) -> bool:
    """Whether any random map is asked for."""
    return any((config.rotation, config.shift, config.scale, config.shear))


def _normalised(pixels: Tensor, config: TrainConfig) -> Tensor:
    """In place; channels_last, which the convolutions are fastest in (free with one channel)."""
    return pixels.sub_(config.mean).div_(config.std).contiguous(memory_format=torch.channels_last)
