"""What differs from a recipe, in short and as the name of a run."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_tui.recipes import build_config
from mnist_tui.runs import RunRecord, check_name
from mnist_tui.runs.config_diff import default_run_name, describe_config_diff


def record(recipe: str = "quick", dataset: str = "mnist", **changes: Any) -> RunRecord:
    config = build_config(recipe, **changes).to_dict()
    return RunRecord.from_dict({"config": config, "data": {"name": dataset}, "model": {}})


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({}, "quick-s1"),
        ({"recipe": "reference", "seed": 7}, "reference-s7"),
        ({"lr": 0.1}, "quick-lr0.1-s1"),
        ({"lr": 1e-5, "batch_size": 16, "seed": 3}, "quick-b16-lr1e-05-s3"),
        ({"dataset": "fashion-mnist"}, "quick-fashion-mnist-s1"),
        ({"model": "wide"}, "quick-wide-s1"),
        ({"recipe": "teacher"}, "teacher-s1"),
        ({"model": "my nets/deep.py:DeepNet", "epochs": 2}, "quick-DeepNet-e2-s1"),
        ({"model": "nets/small.py"}, "quick-small-s1"),
        ({"model": "lab.ipynb:Net"}, "quick-Net-s1"),
        ({"device": "cpu", "threads": 2, "backend": "eager"}, "quick-s1"),
        ({"teacher": "another run"}, "quick-teacheranother-run-s1"),
        ({"epochs": 1, "batch_size": 2, "train_limit": 3, "lr": 0.4, "mean": 0.2}, "quick-e1-b2-n3-s1"),
    ],
)
def test_a_name_tells_what_is_not_as_usual(changes: dict[str, Any], name: str) -> None:
    assert default_run_name(record(**changes)) == name


@given(st.text(min_size=1), st.text(min_size=1), st.text(max_size=300))
def test_any_model_dataset_and_teacher_give_a_name_that_a_run_can_have(model: str, dataset: str, teacher: str) -> None:
    check_name(default_run_name(record(dataset=dataset, model=model, teacher=teacher)))


def test_the_seed_is_described_last() -> None:
    config = record(lr=0.1, seed=2, batch_size=16).config
    assert describe_config_diff(config) == "batch size 16 · lr 0.1 · seed 2"
    assert describe_config_diff(record().config) == ""
