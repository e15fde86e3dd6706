"""A run's trained network and the images to evaluate it on, for `eval` and `export`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import typer

from mnist_tui import runs
from mnist_tui.cli.download_report import DownloadReport
from mnist_tui.cli.signals import stop_on_signal
from mnist_tui.cli.trust import ask_for_trust
from mnist_tui.config import DatasetName
from mnist_tui.errors import ConfigError
from mnist_tui.system import paths
from mnist_tui.training.control import Control

if TYPE_CHECKING:
    from mnist_tui.data.types import TestSet
    from mnist_tui.inference.network import TrainedNetwork


def load_network_and_test_set(
    run: str,
    weights: Literal["best", "last"],
    dataset: str | None,
    trust: bool,
    data_dir: Path | None,
    runs_dir: Path | None,
) -> tuple[TrainedNetwork, TestSet]:
    """The network of `run`, and the test images of its dataset, of another `dataset`, or of a file of labeled images.

    Raises RunError, DataError, and ConfigError where the classes differ.
    """
    found = runs.find(paths.runs_dir(runs_dir), run)
    ask_for_trust(found, trust)
    from mnist_tui.data.datasets import load_labeled_file, load_test_set
    from mnist_tui.inference.network import load_trained

    network = load_trained(found, weights)
    trained_on, folder = network.config.dataset, paths.data_dir(data_dir)
    control = Control()
    with stop_on_signal(control), DownloadReport(control) as report:
        if dataset is not None and _is_file(dataset):
            return network, load_labeled_file(Path(dataset), network.classes, report=report)
        tested = load_test_set(dataset or trained_on, folder, trained_on=trained_on, report=report)
    if tested.classes != network.classes:
        raise ConfigError(
            f"run {network.run} has the classes {network.classes[0]}, {network.classes[1]}, …, "
            f"but {tested.name} has {tested.classes[0]}, {tested.classes[1]}, …",
            remedy="Choose a dataset of the same classes.",
        )
    return network, tested


def _is_file(dataset: str) -> bool:
    """Whether it is a path rather than a dataset's name. Raises BadParameter if it is neither."""
    names = get_args(DatasetName)
    if dataset in names:
        return False
    path = Path(dataset)
    if path.exists() or path.suffix or len(path.parts) > 1:
        return True
    raise typer.BadParameter(f"{dataset!r} is neither a file nor one of {', '.join(names)}", param_hint="--dataset")
