"""A trained network looked into with one image: its filters, its feature maps, its answer, and where it looked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from mnist_tui.data.augmentation import make_network_input
from mnist_tui.inference.feature_maps import feature_maps
from mnist_tui.inference.filters import Filters, first_filters
from mnist_tui.inference.network import TrainedNetwork
from mnist_tui.inference.prediction import Prediction, prediction_from_logits
from mnist_tui.inference.saliency import gradient_saliency, occlusion
from mnist_tui.models.code_errors import translate_code_errors
from mnist_tui.models.isolated_rng import IsolatedRandomNumbers

Method = Literal["occlusion", "gradient"]
METHODS: tuple[Method, ...] = ("occlusion", "gradient")


@dataclass(frozen=True, eq=False)
class ImageInspection:
    """What there is to draw. All tensors are on the CPU and nobody else's."""

    pixels: Tensor
    """(28, 28) uint8: the image as the network gets it, before it is normalised."""
    answer: Prediction
    filters: Filters | None
    """None where the first layer's weights are no pictures."""
    maps: Mapping[str, Tensor]
    """(C, H, W) float32 for each layer, by its path in the order of forward."""


@dataclass(frozen=True, eq=False)
class SaliencyMap:
    """Where the network looked for its answer. `heat`: (H, W) float32, -1 to 1; with `gradient` not below 0."""

    method: Method
    label: int
    heat: Tensor
    most: float
    """What 1 stands for: with `occlusion` the nats of log-odds that the hottest square is worth, else 1."""


def inspect_image(network: TrainedNetwork, image: Tensor) -> ImageInspection:
    """From any thread; draws none of a training's random numbers. image: (1, 28, 28) uint8."""
    seen = make_network_input(image[None], network.config)
    with IsolatedRandomNumbers(), translate_code_errors():
        maps = feature_maps(network.model, seen)
        filters = first_filters(network.model, seen)
        said = prediction_from_logits(network.logits(image[None]), network.classes)
    return ImageInspection(network.input_pixels(image[None])[0, 0], said, filters, maps)


def compute_saliency(network: TrainedNetwork, image: Tensor, label: int, method: Method) -> SaliencyMap:
    """What speaks for the class `label`. image: (1, 28, 28) uint8. Draws none of a training's random numbers."""
    seen = make_network_input(image[None], network.config)
    with IsolatedRandomNumbers(), translate_code_errors():
        if method == "gradient":
            return SaliencyMap(method, label, gradient_saliency(network.model, seen, label), 1.0)
        fall = occlusion(network.model, seen, label)
    most = float(fall.abs().max())
    return SaliencyMap(method, label, fall / most if most else fall, most)
