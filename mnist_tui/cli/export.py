"""`mnist-tui export`: write a trained network for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from mnist_tui.cli.evaluation_set import load_network_and_test_set
from mnist_tui.cli.options import DataDir, Json, RunName, RunsDir, Weights
from mnist_tui.cli.output import print_json, print_message, stdout
from mnist_tui.cli.trust import Trust
from mnist_tui.errors import MnistTuiError, explain_os_error
from mnist_tui.system import atomic_file


def export(
    run: RunName,
    format: Annotated[Literal["onnx", "torchscript", "safetensors", "pt2"], typer.Option(help="Format of the file.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="The file; by default the run's name, in this folder."),
    ] = None,
    weights: Weights = "best",
    trust: Trust = False,
    json: Json = False,
    data_dir: DataDir = None,
    runs_dir: RunsDir = None,
) -> None:
    """Write a trained network for other programs, after comparing its outputs on the whole test set.

    onnx, torchscript and pt2 files contain the normalization: their input is uint8 images (N, 1, 28, 28), 0 for paper
    and 255 for ink, any N; their output is logits, float32 (N, 10). safetensors holds the weights alone. ONNX needs
    an extra: pip install "mnist-tui\\[onnx]".
    """
    if output is not None:  # before torch is loaded and the whole test set evaluated
        with explain_os_error(MnistTuiError, f"{output} cannot be written", remedy="Choose another --output."):
            atomic_file.check_writable(output)
    from mnist_tui.inference.export import INPUT, OUTPUT, check_packages, export_network
    from mnist_tui.inference.export_formats import EXPORT_FORMATS

    check_packages(format)
    network, tested = load_network_and_test_set(run, weights, None, trust, data_dir, runs_dir)
    path = output or Path(f"{network.run}{EXPORT_FORMATS[format].suffix}")
    compared = export_network(network, format, path, tested.split.images)
    if json:
        shown = {"max_difference": compared.max_difference, "same_answers": compared.same_answers}
        print_json({**network.to_dict(), "format": format, "file": str(path), "images": compared.images, **shown})
        return
    console = stdout()
    print_message(console, f"{path}: {network.label}, as {format}")
    if format != "safetensors":
        print_message(console, f"  input   {INPUT}")
        print_message(console, f"  output  {OUTPUT}")
    print_message(
        console,
        f"  checked on {compared.images:,} test images of {tested.name}: {compared.same_answers:,} answers the same, "
        f"outputs differ by at most {compared.max_difference:.2g}",
    )
