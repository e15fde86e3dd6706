"""From stored pixels to what the network sees: random affine maps and normalisation, batched.

Every function is pure: the random numbers come from the generator it is given.
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


def augmented_input(images: Tensor, config: TrainConfig, generator: torch.Generator) -> Tensor:
    """`network_input` after one random affine map an image, drawn from a CPU `generator`.

    Pixels moved in from outside are black, as they are when an image is rotated before normalising.
    """
    if not is_augmented(config):
        return network_input(images, config)
    # Drawn on the CPU also for other devices, so that a seed means the same everywhere.
    maps = _random_maps(len(images), images.shape[-1], config, generator).to(images.device)
    grid = F.affine_grid(maps, list(images.shape), align_corners=False)
    pixels = images.float().div_(255)
    moved = F.grid_sample(pixels, grid, mode=config.interpolation, padding_mode="zeros", align_corners=False)
    return _normalised(moved, config)


def is_augmented(config: TrainConfig) -> bool:
    """Whether any random map is asked for."""
    return any((config.rotation, config.shift, config.scale))


def _normalised(pixels: Tensor, config: TrainConfig) -> Tensor:
    """In place; channels_last, which the convolutions are fastest in (free with one channel)."""
    return pixels.sub_(config.mean).div_(config.std).contiguous(memory_format=torch.channels_last)


def _random_maps(count: int, size: int, config: TrainConfig, generator: torch.Generator) -> Tensor:
    """(count, 2, 3) float32: output position -> input position, both in [-1, 1] over the image."""

    def uniform(limit: float) -> Tensor:
        return torch.rand(count, generator=generator).mul_(2).sub_(1).mul_(limit)

    angle = uniform(math.radians(config.rotation))
    zoom = 1 / (1 + uniform(config.scale))
    # A pixel is 2 / size wide in these coordinates.
    right, down = uniform(2 * config.shift / size), uniform(2 * config.shift / size)
    cos, sin = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    rows = [torch.stack([cos, -sin, right], dim=1), torch.stack([sin, cos, down], dim=1)]
    return torch.stack(rows, dim=1)
