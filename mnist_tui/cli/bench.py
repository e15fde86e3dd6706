"""`mnist-tui bench`: this machine's speed, beside a plain loop."""

from __future__ import annotations

from typing import Annotated

import typer

from mnist_tui import paths, recipes
from mnist_tui.cli.options import DataDir, Json, Model
from mnist_tui.cli.output import print_json, say, stderr, stdout
from mnist_tui.config import DatasetName
from mnist_tui.events import Event, Notice


def bench(
    rounds: Annotated[
        int, typer.Option(help="How often each is measured; the figures are medians.", min=1)
    ] = 5,
    images: Annotated[int, typer.Option(help="Images that each trains on in a round.", min=512)] = 4096,
    model: Model = "reference",
    dataset: Annotated[
        DatasetName, typer.Option(envvar="MNIST_TUI_DATASET", help="Dataset to take the images from.")
    ] = "auto",
    json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Measure training in images a second: a plain loop and ours, by backend and batch size, in turn."""
    from mnist_tui.bench import measure
    from mnist_tui.data.dataset import load
    from mnist_tui.render.bench_table import bench_table

    console = stderr()

    def report(event: Event) -> None:
        if isinstance(event, Notice):
            say(console, f"notice: {event.message}", "yellow")

    config = recipes.configured("reference", model=model, dataset=dataset)
    data = load(config.dataset, paths.data_dir(data_dir), report=report)
    result = measure(config, data, rounds=rounds, images=images, told=lambda text: say(console, text, "dim"))
    if json:
        print_json(result.to_dict())
    else:
        stdout().print(bench_table(result))
