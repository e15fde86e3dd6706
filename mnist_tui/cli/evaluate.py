"""`mnist-tui eval` and `export`: evaluate a trained network on a test set, and write it for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args

import typer

from mnist_tui import runs
from mnist_tui.cli.download_report import DownloadReport
from mnist_tui.cli.options import DataDir, Json, RunName, RunsDir, Weights
from mnist_tui.cli.output import print_json, say, stdout
from mnist_tui.cli.signals import stopping
from mnist_tui.cli.trust import Trust, agree
from mnist_tui.config import DatasetName
from mnist_tui.errors import ConfigError, Interrupted, MnistTuiError
from mnist_tui.system import atomic_file, paths
from mnist_tui.training.control import Control

if TYPE_CHECKING:
    from mnist_tui.data.datasets import TestSet
    from mnist_tui.inference.network import TrainedNetwork


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
    """Say what a trained network gets right and wrong: per class, confused with what, and how sure it was."""
    network, tested = _with_test_set(run, weights, dataset, trust, data_dir, runs_dir)
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
    if output is not None:  # before torch is loaded and the whole test set evaluated
        _check_place(output)
    from mnist_tui.inference.export import INPUT, OUTPUT, SUFFIXES, check_packages, export_network

    check_packages(format)
    network, tested = _with_test_set(run, weights, None, trust, data_dir, runs_dir)
    path = output or Path(f"{network.run}{SUFFIXES[format]}")
    compared = export_network(network, format, path, tested.split.images)
    if json:
        shown = {"max_difference": compared.max_difference, "same_answers": compared.same_answers}
        print_json(
            {**network.to_dict(), "format": format, "file": str(path), "images": compared.images, **shown}
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


def _check_place(path: Path) -> None:
    try:
        atomic_file.check_writable(path)
    except OSError as error:
        raise MnistTuiError(
            f"{path} cannot be written: {error.strerror}", remedy="Choose another --output."
        ) from error


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
    from mnist_tui.data.datasets import load_labeled_file, load_test
    from mnist_tui.inference.network import load_trained

    network = load_trained(found, weights)
    trained_on, folder = network.config.dataset, paths.data_dir(data_dir)
    control = Control()
    with stopping(control) as caught, DownloadReport(control) as report:
        try:
            if dataset is not None and _is_file(dataset):
                return network, load_labeled_file(Path(dataset), network.classes, report=report)
            tested = load_test(dataset or trained_on, folder, trained_on=trained_on, report=report)
        except Interrupted:
            raise typer.Exit(caught.exit_code) from None
    if tested.classes != network.classes:
        raise ConfigError(
            f"run {network.run} tells {network.classes[0]}, {network.classes[1]}, … apart, "
            f"and {tested.name} has {tested.classes[0]}, {tested.classes[1]}, …",
            remedy="Choose a dataset of the same classes.",
        )
    return network, tested


def _is_file(dataset: str) -> bool:
    """Whether it is a path rather than a dataset's name. Raises BadParameter if it is neither."""
    names = get_args(DatasetName)
    if dataset in names:
        return False
    path = Path(dataset)
    if path.suffix or len(path.parts) > 1 or path.exists():
        return True
    raise typer.BadParameter(
        f"{dataset!r} is neither a file nor one of {', '.join(names)}", param_hint="--dataset"
    )
