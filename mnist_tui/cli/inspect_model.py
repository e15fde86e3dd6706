"""`mnist-tui inspect-model`: the layer table; for a run also its filters, weights and the activations for an image."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mnist_tui import runs
from mnist_tui.cli.options import DataDir, Json, Model, RunsDir
from mnist_tui.cli.output import print_json, print_message, stdout
from mnist_tui.cli.trust import Trust, ask_for_trust
from mnist_tui.config import IMAGE_SHAPE
from mnist_tui.system import paths

if TYPE_CHECKING:
    from torch import Tensor

    from mnist_tui.inference.network import TrainedNetwork
    from mnist_tui.inspection import ModelSummary
    from mnist_tui.render.explanation import ExplanationView, ImageView

WeightsOf = Literal["best", "last"]

RunOption = Annotated[
    str, typer.Option("--run", metavar="RUN", help="Take the model of this run: name, prefix, path or latest.")
]


# The feature maps of a layer are drawn as large as fits this many lines.
_MAP_LINES = 16


def inspect_model(
    model: Model = "reference",
    run: RunOption = "",
    weights: Annotated[
        WeightsOf | None,
        typer.Option(
            help="With --run: the weights of the best epoch, or of the last checkpoint. [dim]\\[default: best][/dim]"
        ),
    ] = None,
    image: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=0, help="With --run: also the feature maps and the saliency map for test image N."
        ),
    ] = None,
    layer: Annotated[str, typer.Option(metavar="PATH", help="With --image: the feature maps of this layer only.")] = "",
    trust: Trust = False,
    json: Json = False,
    runs_dir: RunsDir = None,
    data_dir: DataDir = None,
) -> None:
    """Show each layer's output shape, parameters, MACs and receptive field, with subtotals and totals.

    For a run with weights, also the filters of the first layer and each layer's update ratio.
    """
    from mnist_tui.render.explanation import explanation_view
    from mnist_tui.render.layer_table import layer_table

    if image is not None and not run:
        raise typer.BadParameter("an image needs a trained network: name one with --run", param_hint="--image")
    summary, findings = summarize(model, run, runs_dir, trust)
    explanation = _explain_run(run, weights, image, layer, runs_dir, paths.data_dir(data_dir)) if run else None
    if json:
        explained = dataclasses.asdict(explanation) if explanation else {}
        print_json(summary.to_dict() | {"findings": findings} | explained)
        return
    console = stdout()
    console.print(layer_table(summary))
    for finding in findings:
        print_message(console, f"note: {finding}")
    if explanation:
        console.print(explanation_view(explanation, console.width, _MAP_LINES))


def summarize(model: str, run: str, runs_dir: Path | None, trust: bool) -> tuple[ModelSummary, Sequence[str]]:
    """The layer table of `model`, or of the network of `run` if one is named, and what its examination found."""
    from mnist_tui.inspection import inspect_model as inspect
    from mnist_tui.models import load_model, resolve_spec
    from mnist_tui.models.examination import examine_model

    found = runs.find(paths.runs_dir(runs_dir), run) if run else None
    source = ask_for_trust(found, trust).source if found else resolve_spec(model)
    network = load_model(source)
    summary = inspect(network, name=source.name)
    # A run's network has been trained, and its findings were reported then.
    return summary, () if found else examine_model(source, network).notices


def _explain_run(
    name: str, weights: WeightsOf | None, image: int | None, layer: str, runs_dir: Path | None, data_dir: Path
) -> ExplanationView | None:
    """None for a run without weights, unless weights or an image are requested."""
    run = runs.find(paths.runs_dir(runs_dir), name)
    if not run.weights_file.is_file() and weights is None and image is None:
        return None
    import torch

    from mnist_tui.inference.explain import inspect_image
    from mnist_tui.inference.network import load_trained
    from mnist_tui.render.explanation import ExplanationView, FilterView

    network = load_trained(run, weights or "best")
    blank = torch.zeros(IMAGE_SHAPE, dtype=torch.uint8)
    filters = inspect_image(network, blank).filters
    return ExplanationView(
        label=network.label,
        filters=FilterView(filters.path, filters.type, filters.weights.tolist()) if filters else None,
        movements=run.history().weight_updates,
        image=None if image is None else _explain_image(network, image, layer, data_dir),
    )


def _explain_image(network: TrainedNetwork, number: int, layer: str, data_dir: Path) -> ImageView:
    from mnist_tui.data.datasets import load_test_set
    from mnist_tui.inference.explain import METHODS, compute_saliency, inspect_image
    from mnist_tui.render.explanation import ImageView

    dataset = network.config.dataset
    split = load_test_set(dataset, data_dir, trained_on=dataset).split
    if number >= len(split.images):
        raise typer.BadParameter(f"{dataset} has test images 0 to {len(split.images) - 1:,}", param_hint="--image")
    pixels = split.images[number]
    inspected = inspect_image(network, pixels)
    label = inspected.prediction.best.index
    return ImageView(
        number=number,
        pixels=inspected.pixels.tolist(),
        truth=network.classes[int(split.labels[number])],
        guesses=[(guess.name, guess.probability) for guess in inspected.prediction.top],
        heats={method: compute_saliency(network, pixels, label, method).heat.tolist() for method in METHODS},
        maps={path: maps.tolist() for path, maps in _select_layer(dict(inspected.maps), layer).items()},
    )


def _select_layer(maps: dict[str, Tensor], layer: str) -> dict[str, Tensor]:
    if not layer:
        return maps
    if layer not in maps:
        raise typer.BadParameter(f"there is no layer {layer!r}; there are {', '.join(maps)}", param_hint="--layer")
    return {layer: maps[layer]}
