"""`mnist-tui eval`, `predict` and `export`: what can be done with a trained network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from mnist_tui import paths, runs
from mnist_tui.answer import THRESHOLD
from mnist_tui.cli.options import DataDir, Json, RunName, RunsDir
from mnist_tui.cli.output import complain, print_json, say, stdout
from mnist_tui.cli.reporter import Reporter
from mnist_tui.cli.signals import stopping
from mnist_tui.cli.trusting import Trust, agree
from mnist_tui.config import DatasetName
from mnist_tui.control import Control
from mnist_tui.errors import ConfigError, Interrupted, MnistTuiError

if TYPE_CHECKING:
    from mnist_tui.answer import Answer
    from mnist_tui.data.dataset import TestSet
    from mnist_tui.trained import TrainedNetwork

Weights = Annotated[
    Literal["best", "last"],
    typer.Option("--weights", help="Those of the best epoch, or of the last checkpoint."),
]


def evaluate(
    run: RunName,
    dataset: Annotated[
        DatasetName | None,
        typer.Option(help="Test on these images; else on the test images of what the run was trained on."),
    ] = None,
    weights: Weights = "best",
    mistakes: Annotated[int, typer.Option(metavar="N", min=0, help="Draw the N worst mistakes.")] = 6,
    trust: Trust = False,
    json: Json = False,
    data_dir: DataDir = None,
    runs_dir: RunsDir = None,
) -> None:
    """Say what a trained network gets right and wrong: per class, confused with what, and how sure it was."""
    network, tested = _with_test_set(run, weights, dataset, trust, data_dir, runs_dir)
    from mnist_tui.evaluation.report import evaluation_of

    found = evaluation_of(network.logits(tested.split.images), tested.split.labels, network.classes)
    if json:
        print_json({**_facts(network), "dataset": tested.name, **found.to_dict()})
        return
    from mnist_tui.render.evaluation import evaluation_tables, mistakes_gallery

    console = stdout()
    console.print(evaluation_tables(found, f"{network.label} · {tested.name}, {found.images:,} test images"))
    worst = found.mistakes[:mistakes]
    if worst:
        pictures = [tested.split.images[mistake.index, 0].tolist() for mistake in worst]
        console.print(mistakes_gallery(worst, pictures, network.classes))


def predict(
    run: RunName,
    images: Annotated[
        list[str],
        typer.Argument(
            metavar="IMAGE...", help="Pictures, or 28×28 numbers as .csv or .npy; - is standard input."
        ),
    ],
    weights: Weights = "best",
    threshold: Annotated[
        float,
        typer.Option(min=0, max=1, help="Below this probability the answer is: not sure."),
    ] = THRESHOLD,
    trust: Trust = False,
    json: Json = False,
    runs_dir: RunsDir = None,
) -> None:
    """Read digits from any pictures: dark on light or light on dark, photographed, drawn or scanned.

    Shows the exact picture the network gets. A picture that cannot be read does not keep the others from being
    answered; the exit code is 1 then.
    """
    found = runs.find(paths.runs_dir(runs_dir), run)
    agree(found, trust)
    import torch

    from mnist_tui.answer import answer as answered
    from mnist_tui.data.picture_file import read_digit
    from mnist_tui.trained import load_trained

    network = load_trained(found, weights)
    told: list[dict[str, Any]] = []
    for name in images:
        try:
            pixels = read_digit(name)
        except MnistTuiError as error:
            told.append({"file": name, "error": str(error)})
            complain(str(error), error.remedy)
            continue
        image = torch.from_numpy(pixels)[None, None]
        answer = answered(network.logits(image), network.classes, threshold)
        rows = network.sees(image)[0, 0].tolist()
        told.append({"file": name, **_as_json(answer), "pixels": rows})
        if not json:
            from mnist_tui.render.answer_bars import answer_view

            stdout().print(answer_view(name, rows, answer, network.classes))
    if json:
        print_json({**_facts(network), "threshold": threshold, "images": told})
    raise typer.Exit(1 if any("error" in entry for entry in told) else 0)


def export(
    run: RunName,
    format: Annotated[
        Literal["onnx", "torchscript", "safetensors", "pt2"], typer.Option(help="Format of the file.")
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Where to; else the run's name, in this folder."),
    ] = None,
    weights: Weights = "best",
    trust: Trust = False,
    json: Json = False,
    data_dir: DataDir = None,
    runs_dir: RunsDir = None,
) -> None:
    """Write a trained network for other programs, after comparing its answers on the whole test set.

    The normalisation is inside the file, but for safetensors, which holds the weights alone: onnx, torchscript and
    pt2 take images of uint8, (N, 1, 28, 28), 0 paper and 255 ink, any N, and give logits, float32 (N, 10). ONNX takes
    an extra: pip install "mnist-tui\\[onnx]".
    """
    from mnist_tui.network_export import INPUT, OUTPUT, SUFFIXES, check_packages, export_network

    check_packages(format)
    network, tested = _with_test_set(run, weights, None, trust, data_dir, runs_dir)
    path = output or Path(f"{network.run}{SUFFIXES[format]}")
    compared = export_network(network, format, path, tested.split.images)
    if json:
        shown = {"max_difference": compared.max_difference, "same_answers": compared.same_answers}
        print_json(
            {**_facts(network), "format": format, "file": str(path), "images": compared.images, **shown}
        )
        return
    console = stdout()
    say(console, f"{path}: {network.label}, as {format}")
    if format != "safetensors":
        say(console, f"  input   {INPUT}")
        say(console, f"  output  {OUTPUT}")
    say(
        console,
        f"  checked on {compared.images:,} test images of {tested.name}: {compared.same_answers:,} answers the same, "
        f"outputs differ by at most {compared.max_difference:.2g}",
    )


def _with_test_set(
    run: str,
    weights: Literal["best", "last"],
    dataset: str | None,
    trust: bool,
    data_dir: Path | None,
    runs_dir: Path | None,
) -> tuple[TrainedNetwork, TestSet]:
    found = runs.find(paths.runs_dir(runs_dir), run)
    agree(found, trust)
    from mnist_tui.data.dataset import load_test
    from mnist_tui.trained import load_trained

    network = load_trained(found, weights)
    control = Control()
    with stopping(control) as caught, Reporter(control) as report:
        try:
            trained_on = network.config.dataset
            tested = load_test(
                dataset or trained_on, paths.data_dir(data_dir), trained_on=trained_on, report=report
            )
        except Interrupted:
            raise typer.Exit(caught.exit_code) from None
    if tested.classes != network.classes:
        raise ConfigError(
            f"run {network.run} tells {network.classes[0]}, {network.classes[1]}, … apart, "
            f"and {tested.name} has {tested.classes[0]}, {tested.classes[1]}, …",
            remedy="Choose a dataset of the same classes.",
        )
    return network, tested


def _facts(network: TrainedNetwork) -> dict[str, Any]:
    return {
        "run": network.run,
        "weights": network.weights,
        "epoch": network.epoch,
        "classes": list(network.classes),
    }


def _as_json(answer: Answer) -> dict[str, Any]:
    return {
        "answer": answer.best.name if answer.is_sure else None,
        "sure": answer.is_sure,
        "top": [{"class": guess.name, "probability": guess.probability} for guess in answer.top],
        "probabilities": list(answer.probabilities),
    }
