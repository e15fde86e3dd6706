"""Explaining a network's prediction for one image: filters, feature maps and saliency maps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from mnist_tui.config import IMAGE_SHAPE
from mnist_tui.data.augmentation import make_network_input
from mnist_tui.inference.layer_images import Filters, compute_feature_maps, find_first_filters
from mnist_tui.inference.network import TrainedNetwork
from mnist_tui.inference.prediction import Prediction, prediction_from_logits
from mnist_tui.inference.saliency import gradient_saliency, occlusion
from mnist_tui.models.code_errors import translate_code_errors
from mnist_tui.models.isolated_rng import IsolatedRNG

Method = Literal["occlusion", "gradient"]
METHODS: tuple[Method, ...] = ("occlusion", "gradient")


@dataclass(frozen=True, eq=False)
class ImageInspection:
    """A network's prediction for one image, its filters and feature maps. The tensors are copies on the CPU."""

    pixels: Tensor
    """(28, 28) uint8: the network's input before normalization."""
    prediction: Prediction
    filters: Filters | None
    """None if the first layer's weights cannot be shown as images."""
    maps: Mapping[str, Tensor]
    """(C, H, W) float32 by the layer's path, in the order of `forward`."""


@dataclass(frozen=True, eq=False)
class SaliencyMap:
    """Which pixels the score of a class depends on. `heat`: (H, W) float32, -1 to 1; 0 to 1 with `gradient`."""

    method: Method
    label: int
    heat: Tensor
    scale: float
    """What a heat of 1 means: with `occlusion` the loss of log-odds in nats, with `gradient` always 1."""


def inspect_image(network: TrainedNetwork, image: Tensor) -> ImageInspection:
    """Inspect `network` with one image, from any thread, without drawing random numbers. image: (1, 28, 28) uint8."""
    inputs = make_network_input(image[None], network.config)
    with IsolatedRNG(), translate_code_errors():
        maps = compute_feature_maps(network.model, inputs)
        filters = find_first_filters(network.model, inputs)
        prediction = prediction_from_logits(network.logits(image[None]), network.classes)
    return ImageInspection(network.input_pixels(image[None])[0, 0], prediction, filters, maps)


def find_filters(model: nn.Module) -> Filters | None:
    """The filters of the model's first layer with weights, from any thread, without drawing random numbers.

    None if its weights cannot be shown as images.
    """
    with IsolatedRNG(), translate_code_errors():
        return find_first_filters(model.eval(), torch.zeros(1, *IMAGE_SHAPE))


def compute_saliency(network: TrainedNetwork, image: Tensor, label: int, method: Method) -> SaliencyMap:
    """Which pixels speak for the class `label`. image: (1, 28, 28) uint8. Draws no random numbers of a training."""
    inputs = make_network_input(image[None], network.config)
    with IsolatedRNG(), translate_code_errors():
        if method == "gradient":
            return SaliencyMap(method, label, gradient_saliency(network.model, inputs, label), 1.0)
        fall = occlusion(network.model, inputs, label)
    scale = float(fall.abs().max())
    return SaliencyMap(method, label, fall / scale if scale else fall, scale)
