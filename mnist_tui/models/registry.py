"""The networks that come with this program, by name. No torch: the command line lists them in its help."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class RegisteredModel:
    """The class of a registered network, and one line that describes it."""

    class_name: str
    summary: str
    module: str = "mnist_tui.models.reference"


REGISTRY: Mapping[str, RegisteredModel] = {
    "reference": RegisteredModel("Reference", "three convolution blocks, global average pooling; 6,790 parameters"),
    "reference-fc": RegisteredModel("ReferenceFC", "the same blocks with a fully connected head; 7,700 parameters"),
    "wide": RegisteredModel("Wide", "the reference with twice the channels; 26,222 parameters"),
    "linear": RegisteredModel("SoftmaxRegression", "softmax regression on the pixels; 7,850 parameters"),
}

NAMES: tuple[str, ...] = tuple(REGISTRY)
