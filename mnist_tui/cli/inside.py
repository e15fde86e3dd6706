"""What `inspect-model --run` gathers: the network's filters, the weights' movement, what it makes of an image."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from mnist_tui.data.dataset import load_test
from mnist_tui.insight import METHODS, look_inside, where_it_looked
from mnist_tui.render.insight_view import FilterView, ImageView, InsightView
from mnist_tui.runs import Run
from mnist_tui.trained import TrainedNetwork, load_trained

if TYPE_CHECKING:
    from torch import Tensor

SIDE = 28


def inside_of(
    run: Run, weights: Literal["best", "last"], *, image: int | None, layer: str, data_dir: Path
) -> InsightView:
    """With an `image` also what each layer (or only `layer`) makes of it. Raises RunError, DataError, BadParameter."""
    import torch

    network = load_trained(run, weights)
    blank = torch.zeros(1, SIDE, SIDE, dtype=torch.uint8)
    filters = look_inside(network, blank).filters
    return InsightView(
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
    insight = look_inside(network, pixels)
    label = insight.answer.best.index
    return ImageView(
        number=number,
        pixels=insight.pixels.tolist(),
        truth=network.classes[int(split.labels[number])],
        guesses=[(guess.name, guess.probability) for guess in insight.answer.top],
        heats={method: where_it_looked(network, pixels, label, method).heat.tolist() for method in METHODS},
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
