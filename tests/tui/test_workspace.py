"""What the screens share: the settings that the form of a new run opens with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mnist_tui.cli.dashboard import _describe_remembered
from mnist_tui.config import TrainConfig
from mnist_tui.recipes import build_config
from mnist_tui.training.jobs import Folders
from mnist_tui.tui.preferences import Preferences
from mnist_tui.tui.session import Session
from mnist_tui.tui.workspace import Workspace


def fill(form: TrainConfig, tmp_path: Path, **settings: Any) -> TrainConfig:
    folders = Folders(tmp_path, tmp_path)
    workspace = Workspace(Session(None), folders, form, Preferences(tmp_path / "state"))  # type: ignore[arg-type]
    workspace.fill_form(settings)
    return workspace.form_config


def test_a_runs_backend_and_threads_are_not_asked_of_the_next_network(tmp_path: Path) -> None:
    recorded = build_config("quick", backend="native", threads=2, device="cpu", lr=0.1).to_dict()
    assert fill(TrainConfig(), tmp_path, **recorded) == build_config("quick", lr=0.1)


def test_the_machine_settings_of_the_form_stay(tmp_path: Path) -> None:
    form = TrainConfig(backend="eager", threads=1)
    assert fill(form, tmp_path, **TrainConfig(backend="native", epochs=3).to_dict()) == form.replace(epochs=3)


def test_more_epochs_of_a_run_are_not_those_of_the_next(tmp_path: Path) -> None:
    assert fill(TrainConfig(), tmp_path, **TrainConfig(extra_epochs=2).to_dict()) == TrainConfig()


def test_settings_that_cannot_be_used_change_nothing(tmp_path: Path) -> None:
    assert fill(TrainConfig(epochs=4), tmp_path, lr="fast") == TrainConfig(epochs=4)


@pytest.mark.parametrize(
    ("remembered", "given", "notice"),
    [
        ({}, {}, ""),
        (build_config("quick").to_dict(), {}, ""),
        (build_config("quick", lr=0.1, train_limit=200).to_dict(), {"lr": 0.2}, "From the last form: train limit 200."),
    ],
)
def test_what_a_run_takes_from_the_last_form_is_said(
    remembered: dict[str, Any], given: dict[str, Any], notice: str
) -> None:
    assert _describe_remembered(remembered, given).startswith(notice)
    assert bool(_describe_remembered(remembered, given)) == bool(notice)
