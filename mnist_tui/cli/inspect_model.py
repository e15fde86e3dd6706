"""`mnist-tui inspect-model`: the layer table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mnist_tui import paths, runs
from mnist_tui.cli.options import Json, Model, RunsDir
from mnist_tui.cli.output import print_json, stdout

RunOption = Annotated[
    str,
    typer.Option("--run", metavar="RUN", help="Take the model of this run: name, prefix, path or latest."),
]


def inspect_model(
    model: Model = "reference", run: RunOption = "", json: Json = False, runs_dir: RunsDir = None
) -> None:
    """Show each layer's output shape, parameters, MACs and receptive field, with subtotals and totals."""
    from mnist_tui.inspection import inspect_model as inspect
    from mnist_tui.models import load_model, resolve
    from mnist_tui.render.layer_table import layer_table

    spec = model_of(run, runs_dir) if run else model
    summary = inspect(load_model(spec), name=resolve(spec).name)
    if json:
        print_json(summary.to_dict())
    else:
        stdout().print(layer_table(summary))


def model_of(run: str, runs_dir: Path | None) -> str:
    """The model that a run was trained with."""
    return str(runs.find(paths.runs_dir(runs_dir), run).record()["config"].get("model", "reference"))
