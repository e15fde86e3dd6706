"""What `inspect-model --run` gathers: the network's filters, the weights' movement, what it makes of an image."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from mnist_tui.data.datasets import load_test
from mnist_tui.inference.explain import METHODS, compute_saliency, inspect_image
from mnist_tui.inference.network import TrainedNetwork, load_trained
from mnist_tui.render.explanation import ExplanationView, FilterView, ImageView
from mnist_tui.runs import Run

if TYPE_CHECKING:
    from torch import Tensor

SIDE = 28


def explain_run(
    run: Run, weights: Literal["best", "last"], *, image: int | None, layer: str, data_dir: Path
) -> ExplanationView:
    """With an `image` also what each layer (or only `layer`) makes of it. Raises RunError, DataError, BadParameter."""
    import torch

    network = load_trained(run, weights)
    blank = torch.zeros(1, SIDE, SIDE, dtype=torch.uint8)
    filters = inspect_image(network, blank).filters
    return ExplanationView(
        label=network.label,
        filters=FilterView(filters.path, filters.type, filters.weights.tolist()) if filters else None,
        movements=run.history().movements,
        image=None if image is None else _image(network, image, layer, data_dir),
    )


def _image(network: TrainedNetwork, number: int, layer: str, data_dir: Path) -> ImageView:
    dataset = network.config.dataset
    split = load_test(dataset, data_dir, trained_on=dataset).split
    if number >= len(split.images):
        raise typer.BadParameter(
            f"{dataset} has test images 0 to {len(split.images) - 1:,}", param_hint="--image"
        )
    pixels = split.images[number]
    insight = inspect_image(network, pixels)
    label = insight.answer.best.index
    return ImageView(
        number=number,
        pixels=insight.pixels.tolist(),
        truth=network.classes[int(split.labels[number])],
        guesses=[(guess.name, guess.probability) for guess in insight.answer.top],
        heats={method: compute_saliency(network, pixels, label, method).heat.tolist() for method in METHODS},
        maps={path: maps.tolist() for path, maps in _chosen(dict(insight.maps), layer).items()},
    )


def _chosen(maps: dict[str, Tensor], layer: str) -> dict[str, Tensor]:
    if not layer:
        return maps
    if layer not in maps:
        raise typer.BadParameter(
            f"there is no layer {layer!r}; there are {', '.join(maps)}", param_hint="--layer"
        )
    return {layer: maps[layer]}
