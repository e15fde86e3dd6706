"""`mnist-tui predict`: classify the digits in pictures, tables and arrays with a trained network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mnist_tui import runs
from mnist_tui.cli.options import Json, RunName, RunsDir, Weights
from mnist_tui.cli.output import print_error, print_json, print_message, stderr, stdout
from mnist_tui.cli.trust import Trust, ask_for_trust
from mnist_tui.inference.prediction import THRESHOLD
from mnist_tui.system import paths

if TYPE_CHECKING:
    from mnist_tui.inference.predict_file import FilePredictions

# A file of more images is shown as a table, and at most this many errors per file are printed.
_DRAWN, _ERRORS = 12, 10


def predict(
    run: RunName,
    images: Annotated[
        list[str],
        typer.Argument(
            metavar="IMAGE...",
            help="Pictures, or files with one or many images as numbers: .csv (Kaggle's format), .npy, .npz, .pt; "
            "- is standard input.",
        ),
    ],
    weights: Weights = "best",
    threshold: Annotated[
        float, typer.Option(min=0, max=1, help='Below this probability the answer is "not sure".')
    ] = THRESHOLD,
    trust: Trust = False,
    json: Json = False,
    runs_dir: RunsDir = None,
) -> None:
    """Read digits from any pictures: photographed, drawn or scanned, on blank, squared or ruled paper, in boxes.

    Shows the network's input for each digit. Several digits are read from left to right, line by line;
    with --json each has its box. If a picture can be read in several ways and the answers differ, it is not sure.
    If a picture cannot be read or contains no digit, the others are still answered, and the exit code is 1.
    If a file has labels, reports how many answers are right. HEIC needs an extra:
    pip install "mnist-tui\\[heic]".
    """
    found = runs.find(paths.runs_dir(runs_dir), run)
    ask_for_trust(found, trust)
    from mnist_tui.inference.network import load_trained
    from mnist_tui.inference.predict_file import predict_file

    network = load_trained(found, weights)
    entries: list[dict[str, Any]] = []
    accuracies: list[dict[str, Any]] = []
    for name in images:
        file = predict_file(name, network, threshold)
        _report_problems(file)
        entries += file.to_dicts()
        accuracies += _accuracy(file)
        if not json:
            _show(file)
    if json:
        labeled = {"labeled": accuracies} if accuracies else {}
        print_json({**network.to_dict(), "threshold": threshold, "images": entries, **labeled})
    raise typer.Exit(1 if any("error" in entry for entry in entries) else 0)


def _report_problems(file: FilePredictions) -> None:
    for remark in file.remarks:
        print_message(stderr(), f"notice: {remark}", "yellow")
    unusable = file.unusable
    for image in unusable[:_ERRORS]:
        print_error(str(image.error), image.error.remedy)
    if len(unusable) > _ERRORS:
        print_error(f"{file.name}: {len(unusable) - _ERRORS:,} more of its images cannot be used")


def _accuracy(file: FilePredictions) -> list[dict[str, Any]]:
    """An entry per file that has labels."""
    if file.correct is None:
        return []
    correct, count = file.correct
    return [{"file": file.name, "images": count, "correct": correct, "accuracy": correct / count}]


def _show(file: FilePredictions) -> None:
    from mnist_tui.inference.predict_file import PagePrediction
    from mnist_tui.render.predictions import accuracy_line, page_view, prediction_table, prediction_view

    console = stdout()
    if len(file.outcomes) > _DRAWN:
        console.print(prediction_table(file))
    else:
        for outcome in file.outcomes:
            if isinstance(outcome, PagePrediction):
                console.print(page_view(file.name, outcome))
        for digit in file.predictions:
            place = f" · {digit.image.place}" if digit.image.place else ""
            pixels = digit.input_pixels.tolist()
            console.print(prediction_view(file.name + place, pixels, digit.prediction, file.classes))
    if (line := accuracy_line(file)) is not None:
        console.print(line, soft_wrap=True)
