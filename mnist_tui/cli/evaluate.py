"""`mnist-tui eval`: evaluate a trained network on a test set."""

from __future__ import annotations

from typing import Annotated, get_args

import typer

from mnist_tui.cli.evaluation_set import load_network_and_test_set
from mnist_tui.cli.options import DataDir, Json, RunName, RunsDir, Weights
from mnist_tui.cli.output import print_json, stdout
from mnist_tui.cli.trust import Trust
from mnist_tui.config import DatasetName


def evaluate(
    run: RunName,
    dataset: Annotated[
        str | None,
        typer.Option(
            metavar="DATASET|FILE",
            help=f"Test on these images: {', '.join(get_args(DatasetName))}, or a file with labels: .csv "
            "(Kaggle's format), .npz, .npy, .pt. [dim]\\[default: the test images of the run's dataset][/dim]",
        ),
    ] = None,
    weights: Weights = "best",
    mistakes: Annotated[int, typer.Option(metavar="N", min=0, help="Draw the N worst mistakes.")] = 6,
    trust: Trust = False,
    json: Json = False,
    data_dir: DataDir = None,
    runs_dir: RunsDir = None,
) -> None:
    """Evaluate a trained network: accuracy per class, confusion matrix, calibration, and its worst mistakes."""
    network, tested = load_network_and_test_set(run, weights, dataset, trust, data_dir, runs_dir)
    from mnist_tui.inference.evaluation import evaluate_logits

    found = evaluate_logits(network.logits(tested.split.images), tested.split.labels, network.classes)
    if json:
        print_json({**network.to_dict(), "dataset": tested.name, **found.to_dict()})
        return
    from mnist_tui.render.evaluation import evaluation_tables, mistakes_gallery

    console = stdout()
    console.print(evaluation_tables(found, f"{network.label} · {tested.name}, {found.images:,} test images"))
    worst = found.mistakes[:mistakes]
    if worst:
        pictures = [tested.split.images[mistake.index, 0].tolist() for mistake in worst]
        console.print(mistakes_gallery(worst, pictures, network.classes))
