"""`mnist-tui data fetch` and `data info`."""

from __future__ import annotations

from typing import Annotated

import typer

from mnist_tui.cli.download_report import DownloadReport
from mnist_tui.cli.options import DataDir, Json
from mnist_tui.cli.output import print_json, print_message, stdout
from mnist_tui.cli.signals import stop_on_signal
from mnist_tui.config import DatasetName
from mnist_tui.system import paths
from mnist_tui.training.control import Control

app = typer.Typer(help="Fetch datasets, and show what is on disk.", no_args_is_help=True)

Name = Annotated[
    DatasetName,
    typer.Argument(
        metavar="DATASET", help="Its name; auto is MNIST, or drawn digits (synthetic) if MNIST is not available."
    ),
]


@app.command()
def fetch(name: Name = "mnist", json: Json = False, data_dir: DataDir = None) -> None:
    """Fetch a dataset and verify it, trying one mirror after another. Run it again to continue after a failure."""
    from mnist_tui.data import datasets

    folder = paths.data_dir(data_dir)
    control = Control()
    with stop_on_signal(control), DownloadReport(control) as report:
        loaded = datasets.load_dataset(name, folder, report=report)
    if json:
        counts = {"train_images": len(loaded.train.images), "test_images": len(loaded.test.images)}
        print_json({"name": loaded.name, "source": loaded.source, "fingerprint": loaded.fingerprint, **counts})
        return
    images = f"{len(loaded.train.images):,} training and {len(loaded.test.images):,} test images"
    print_message(stdout(), f"{loaded.name}: {images}, verified, from {loaded.source}")


@app.command()
def info(name: Name = "auto", json: Json = False, data_dir: DataDir = None) -> None:
    """Show a dataset's files, hashes, images per class, mean and deviation. Fetches nothing."""
    from mnist_tui.cli.views.dataset_table import dataset_table
    from mnist_tui.data.describe import describe_dataset

    with DownloadReport(Control()) as report:
        described = describe_dataset(name, paths.data_dir(data_dir), report=report)
    if json:
        print_json(described.to_dict())
    else:
        stdout().print(dataset_table(described.to_dict()))
    if described.contents is None:
        raise typer.Exit(3)
