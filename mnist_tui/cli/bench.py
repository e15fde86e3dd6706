"""`mnist-tui bench`: this machine's speed, beside a plain loop, or its time to an accuracy."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from mnist_tui import recipes
from mnist_tui.cli.options import DataDir, Json, Model
from mnist_tui.cli.output import print_json, print_message, stderr, stdout
from mnist_tui.cli.signals import stop_on_signal
from mnist_tui.config import DatasetName
from mnist_tui.errors import ConfigError, MnistTuiError
from mnist_tui.events import Event, Notice
from mnist_tui.system import paths
from mnist_tui.training.control import Control

if TYPE_CHECKING:
    from mnist_tui.bench.throughput import BenchResult
    from mnist_tui.bench.time_to_accuracy import Contender, TimeToAccuracy
    from mnist_tui.data.types import Dataset


def bench(
    to: Annotated[
        str,
        typer.Option(
            metavar="PERCENT,…",
            help="Measure the seconds to these test accuracies instead, such as 99.0,99.4: the plain loop and each "
            "recipe, all epochs of each. Takes ten minutes or more per round.",
        ),
    ] = "",
    only: Annotated[
        str, typer.Option("--recipes", metavar="NAME,…", help="With --to: these recipes instead of all.")
    ] = "",
    rounds: Annotated[int, typer.Option(help="How often each is measured; 0 means 5, or 3 with --to.", min=0)] = 0,
    images: Annotated[
        int, typer.Option(help="Images per round and contender; 0 means 4096, or all with --to.", min=0)
    ] = 0,
    model: Model = "reference",
    dataset: Annotated[
        DatasetName, typer.Option(envvar="MNIST_TUI_DATASET", help="Dataset to take the images from.")
    ] = "auto",
    json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Measure training in images per second: a plain loop and this program, by backend and batch size, in turn.

    With --to, measure the time to an accuracy, without the time for evaluation.
    """
    if only and not to:
        raise ConfigError("--recipes goes with --to only", remedy="Add --to 99.0,99.4, or leave it out.")
    if images and images < 512:
        raise ConfigError(f"images is {images}, but must be at least 512", remedy="Give more images.")
    targets, names = _parse_targets(to), _parse_recipes(only)
    from mnist_tui.data.datasets import load_dataset

    data = load_dataset(dataset, paths.data_dir(data_dir), report=_report_notice)
    if to:
        data = replace(data, train=data.train.select(slice(images or None)))
        _measure_time(data, targets, names, model, rounds or 3, json)
        return
    from mnist_tui.bench.throughput import measure

    config = recipes.build_config("reference", model=model)
    _print_result(measure(config, data, rounds=rounds or 5, images=images or 4096, report=_report), json)


def _report(text: str) -> None:
    print_message(stderr(), text, "dim")


def _report_notice(event: Event) -> None:
    if isinstance(event, Notice):
        print_message(stderr(), f"notice: {event.message}", "yellow")


def _measure_time(data: Dataset, targets: list[float], names: list[str], model: str, rounds: int, json: bool) -> None:
    """On Ctrl+C, stop after the epoch and show the result of the complete rounds."""
    from mnist_tui.bench.time_to_accuracy import measure_time_to_accuracy

    control = Control()
    with stop_on_signal(control) as caught:
        contenders = _contenders(data, names, model)
        result = measure_time_to_accuracy(contenders, data, targets, rounds=rounds, report=_report, control=control)
    if result is not None:
        _print_result(result, json)
    if control.stop_reason:
        raise typer.Exit(caught.exit_code)


def _print_result(result: BenchResult | TimeToAccuracy, json: bool) -> None:
    from mnist_tui.bench.throughput import BenchResult
    from mnist_tui.cli.views.bench_tables import bench_table, time_table

    if json:
        print_json(result.to_dict())
    else:
        stdout().print(bench_table(result) if isinstance(result, BenchResult) else time_table(result))


def _contenders(data: Dataset, names: list[str], model: str) -> list[Contender]:
    """The plain loop, and every recipe that can be trained without another run."""
    from mnist_tui.bench import time_to_accuracy

    contenders = [time_to_accuracy.plain_contender(recipes.build_config("reference", model=model), data)]
    for name in names:
        try:
            contenders.append(time_to_accuracy.recipe_contender(recipes.build_config(name, model=model), data, _report))
        except MnistTuiError as error:
            _report(f"without {name}: {error}")
    return contenders


def _parse_targets(text: str) -> list[float]:
    """Percentages, as fractions."""
    remedy = "Write --to 99.0,99.4: percent of the test images."
    try:
        percents = [float(part) for part in text.split(",")] if text else []
    except ValueError:
        raise ConfigError(f"--to {text}: these are not numbers separated by commas", remedy=remedy) from None
    if not all(0 < percent <= 100 for percent in percents):
        raise ConfigError(f"--to {text}: an accuracy is between 0 and 100 %", remedy=remedy)
    return [percent / 100 for percent in percents]


def _parse_recipes(text: str) -> list[str]:
    names = text.split(",") if text else list(recipes.RECIPES)
    for name in names:
        recipes.get_recipe(name)
    return names
