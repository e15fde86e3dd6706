"""The campaign of docs/pictures.md, a few pictures per condition. Minutes: `make test-slow`."""

from __future__ import annotations

from pathlib import Path

import pytest

from mnist_tui.data import datasets
from mnist_tui.inference.network import load_trained
from mnist_tui.recipes import build_config
from mnist_tui.training import run_training
from tests.data.pictures.campaign import (
    NONE,
    RIGHT,
    UNSURE,
    WRONG,
    Row,
    Writer,
    rows,
    table,
)

pytestmark = [pytest.mark.mnist, pytest.mark.slow]

_PICTURES = 3


@pytest.fixture(scope="module")
def writer(mnist_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Writer:
    config = build_config("quick", dataset="mnist")
    runs_dir = tmp_path_factory.mktemp("runs")
    outcome = run_training.start_run(config, data_dir=mnist_folder, runs_dir=runs_dir, report=lambda event: None)
    test = datasets.load_dataset("mnist", mnist_folder).test
    return Writer(load_trained(outcome.run), test.images, test.labels)


@pytest.mark.parametrize("held", [False, True])
def test_pictures_of_every_condition_are_read(held: bool, writer: Writer) -> None:
    measured: list[Row] = list(rows(writer, pictures=_PICTURES, held=held, seed=4))
    print(table(measured))
    pictures = sum(row.counts.total() for row in measured)
    counted = {kind: sum(row.counts[kind] for row in measured) for kind in (RIGHT, WRONG, UNSURE, NONE)}
    assert counted[RIGHT] >= 0.96 * pictures
    assert counted[WRONG] <= 0.02 * pictures
    empty = sum(row.empty.total() for row in measured)
    assert sum(row.empty[NONE] for row in measured) >= 0.95 * empty
