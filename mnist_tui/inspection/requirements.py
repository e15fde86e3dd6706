"""The requirements of a network, checked with its summary. No torch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from mnist_tui.inspection.summary import LayerSummary, ModelSummary

Head = Literal["gap", "fc", "any"]

HEADS = {
    "gap": "global average pooling",
    "fc": "a fully connected layer",
    "any": "global average pooling or a fully connected layer",
}
BATCH_NORMS = frozenset({"BatchNorm2d", "batch_norm"})
FULLY_CONNECTED = frozenset({"Linear", "linear", "matmul", "mm", "addmm"})


@dataclass(frozen=True)
class Limits:
    """The required counts of a network."""

    max_parameters: int = 8_000
    """The network has fewer parameters than this."""
    min_batch_norms: int = 1
    min_dropouts: int = 1
    head: Head = "any"


@dataclass(frozen=True)
class Requirement:
    """One requirement, with texts for the user."""

    name: str
    wanted: str
    found: str
    met: bool


def check_requirements(summary: ModelSummary, limits: Limits | None = None) -> list[Requirement]:
    """Every requirement, met or not; without limits, the default ones. A function counts as a layer."""
    limits = limits or Limits()
    most, found = limits.max_parameters, summary.parameters
    # Each layer that forward calls, once.
    called = [layer for layer in summary.layers if layer.output_shape is not None and not layer.shared_with]
    norms = [layer for layer in called if layer.base in BATCH_NORMS]
    dropouts = [layer for layer in called if "dropout" in layer.base.lower()]
    return [
        Requirement("parameters", f"fewer than {most:,}", f"{found:,}", found < most),
        _check_count("batch normalization", limits.min_batch_norms, "BatchNorm2d", norms),
        _check_count("dropout", limits.min_dropouts, "Dropout", dropouts),
        _check_head(summary, limits.head),
    ]


def _check_count(name: str, wanted: int, kind: str, found: list[LayerSummary]) -> Requirement:
    return Requirement(name, f"at least {wanted} {kind}", _format_count(found), len(found) >= wanted)


def _check_head(summary: ModelSummary, wanted: Head) -> Requirement:
    tail = _layers_after_map(summary.layers)
    averages = [layer for layer in tail if layer.averages_map]
    connected = [layer for layer in tail if layer.base in FULLY_CONNECTED]
    found = {"gap": averages, "fc": connected, "any": averages + connected}[wanted]
    return Requirement("head", HEADS[wanted], _format_count(averages + connected), bool(found))


def _layers_after_map(layers: tuple[LayerSummary, ...]) -> list[LayerSummary]:
    """The layers after the last one with a height and width: an earlier average only weights channels."""
    maps = [index for index, layer in enumerate(layers) if _is_map(layer)]
    tail = layers[maps[-1] + 1 :] if maps else layers
    return [layer for layer in tail if layer.output_shape is not None]


def _is_map(layer: LayerSummary) -> bool:
    shape = layer.output_shape or ()
    return layer.type != "Parameter" and len(shape) == 3 and shape[1:] != (1, 1)


def _format_count(layers: Iterable[LayerSummary]) -> str:
    """`6 BatchNorm2d`, or `none`."""
    counted = Counter(layer.type for layer in layers)
    return ", ".join(f"{count} {kind}" for kind, count in counted.items()) or "none"
