"""The epoch table for other programs."""

from __future__ import annotations

import csv
import io
import json
import math

import pytest

from mnist_tui.events import EpochFinished
from mnist_tui.runs.export import COLUMNS, export_epochs
from mnist_tui.runs.history import RunHistory, fold


def row(epoch: int, *, loss: float = 1.5) -> EpochFinished:
    return EpochFinished(
        epoch=epoch,
        epochs=2,
        train_loss=loss,
        train_accuracy=0.5,
        test_loss=0.25,
        test_accuracy=0.75,
        learning_rate=1e-7,
        seconds=3.0,
        images_per_second=100.0,
        best=epoch == 1,
    )


@pytest.fixture
def history() -> RunHistory:
    return fold([row(1), row(2, loss=math.nan)])


def test_csv_has_a_head_line_and_a_line_an_epoch(history: RunHistory) -> None:
    table = list(csv.DictReader(io.StringIO(export_epochs(history, "csv"))))
    assert tuple(table[0]) == COLUMNS
    assert [line["epoch"] for line in table] == ["1", "2"]
    assert float(table[0]["train_loss"]) == 1.5
    assert float(table[0]["learning_rate"]) == 1e-7
    assert table[0]["validation_loss"] == ""
    assert table[1]["train_loss"] == ""


def test_json_is_a_list_of_objects_without_nan(history: RunHistory) -> None:
    table = json.loads(export_epochs(history, "json"), parse_constant=pytest.fail)
    assert [tuple(line) for line in table] == [COLUMNS, COLUMNS]
    assert table[0]["train_loss"] == 1.5
    assert table[0]["best"] is True
    assert table[1]["train_loss"] is None
    assert table[0]["validation_accuracy"] is None


def test_a_run_without_epochs_is_an_empty_table() -> None:
    assert export_epochs(fold([]), "json") == "[]\n"
    assert export_epochs(fold([]), "csv") == ",".join(COLUMNS) + "\n"
