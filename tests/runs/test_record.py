"""What a run records of itself: of this version, of older and newer ones, and damaged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mnist_tui.config import TrainConfig
from mnist_tui.errors import RunError
from mnist_tui.events import Event
from mnist_tui.runs import Run, RunRecord
from mnist_tui.runs.find import find_network
from tests import sample_runs


def test_the_text_of_a_record_is_what_was_parsed() -> None:
    values = {**sample_runs.record(), "of a newer version": {"key": [1, 2]}}
    record = RunRecord.from_dict(values)
    assert json.loads(record.to_json()) == values
    changed = record.replace(config={**record.config, "threads": 2})
    assert list(changed.to_dict()) == list(values)
    assert changed.to_dict() == {**values, "config": {**values["config"], "threads": 2}}


def test_an_old_record_lacks_parts() -> None:
    record = RunRecord.from_dict({"config": {"model": "linear"}}, "old")
    assert (record.created, record.teacher, str(record.machine)) == ("", None, "?×?")
    assert (record.model.name, record.model.memory_format, record.data.joins_last_image) == (None, None, None)
    assert (record.model.code.spec, record.code("teacher")) == ("linear", None)


def test_a_value_of_another_type_is_not_known() -> None:
    values = sample_runs.record()
    values["model"] = {"name": 5, "parameters": "many", "summary": [], "source": "nowhere"}
    values["data"]["train_images"] = 1e300
    record = RunRecord.from_dict(values)
    assert (record.model.name, record.model.parameters, record.data.train_images) == ("5", None, None)
    assert (record.model.layer_table, record.model.code.copy) == (None, None)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"config": None}, "there is no config"),
        ({"machine": "damaged"}, "machine is damaged"),
        ({"versions": ["1.0"]}, "versions is damaged"),
    ],
)
def test_a_damaged_record_names_its_part_and_its_file(changes: dict[str, Any], words: str, tmp_path: Path) -> None:
    run = sample_runs.write_finished(tmp_path, "run", 0.9)
    run.config_file.write_text(json.dumps({**run.record().to_dict(), **changes}))
    with pytest.raises(RunError, match=words) as caught:
        run.record()
    assert str(run.config_file) in str(caught.value)


def test_settings_of_another_version_are_refused_with_the_runs_name() -> None:
    record = RunRecord.from_dict(sample_runs.record(lr=0.5), "mine")
    assert record.train_config() == TrainConfig(dataset="mnist", epochs=3, lr=0.5)
    newer = record.replace(config={**record.config, "mixup": 0.2})
    with pytest.raises(RunError, match="run mine was made by another version of this program"):
        newer.train_config()


def test_a_finished_run_is_used_before_one_that_was_stopped(tmp_path: Path) -> None:
    def made(name: str, day: int, file: str, *events: Event, **settings: Any) -> Run:
        run = sample_runs.write(tmp_path, name, *events, created=f"2026-01-0{day}T00:00:00Z", **settings)
        if file:
            (run.folder / file).write_bytes(b"weights")
        return run

    finished = (sample_runs.epoch(1), sample_runs.run_finished())
    assert find_network(tmp_path) is None
    made("empty", 1, "", *finished)
    in_first_epoch = made("first-epoch", 2, "last.ckpt", model="linear")
    assert find_network(tmp_path) == in_first_epoch
    linear = made("linear", 3, "best.safetensors", *finished, model="linear")
    wide = made("wide", 4, "best.safetensors", *finished, model="wide")
    stopped = made("stopped", 5, "best.safetensors", sample_runs.epoch(1), model="deep")
    made("newest", 6, "last.ckpt", model="linear")
    assert find_network(tmp_path) == wide
    assert find_network(tmp_path, best_of="linear") == linear
    assert find_network(tmp_path, best_of="deep") == stopped
    assert find_network(tmp_path, best_of="none") is None
