"""Values that cannot be used: the message names the thing and what to do, and nothing has begun."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mnist_tui import runs
from tests.cli.conftest import Mnist

SYNTHETIC = ("--dataset", "synthetic", "--model", "linear")

BAD_VALUES = {
    "--epochs 0": (2, ["epochs is 0, but must be between 1 and"]),
    "--epochs five": (2, ["Invalid value for '--epochs'"]),
    "--epochs 2.5": (2, ["Invalid value for '--epochs'"]),
    "--lr nan": (2, ["lr is nan, but must be a finite number"]),
    "--lr -1": (2, ["lr is -1", "between 0 and 100"]),
    "--lr 0 --epochs 0": (2, ["epochs is 0"]),
    "--dataset nope": (2, ["'--dataset'", "'nope' is not one of", "'fashion-mnist'"]),
    "--optimizer adm": (2, ["'--optimizer'", "'adamw'"]),
    "--recipe nope": (2, ["there is no recipe 'nope'", "Recipes: reference"]),
    "--model nope": (2, ["there is no model 'nope'", "reference-fc"]),
    "--model no/such.py:Net": (2, ["no/such.py"]),
    "--validation 70000": (2, ["validation is 70,000", "60,000", "--validation"]),
    "--seed -1": (2, ["seed is -1"]),
    "--name a/b": (4, ["'a/b' cannot be a run's name"]),
    "--epoch 3": (2, ["No such option", "--epochs"]),
}


@pytest.mark.parametrize("words", BAD_VALUES)
def test_a_bad_value_is_named_with_a_remedy(words: str, mnist: Mnist, runs_dir: Path) -> None:
    code, parts = BAD_VALUES[words]
    done = mnist("train", *SYNTHETIC, *words.split())
    assert (done.code, done.out) == (code, "")
    message = " ".join(done.err.replace("│", " ").split())
    assert [part for part in parts if part not in message] == []
    assert "Traceback" not in done.err
    assert runs.list_runs(runs_dir) == []


def test_a_run_to_resume_that_is_not_there(mnist: Mnist) -> None:
    done = mnist("train", "--resume", "nope")
    assert (done.code, done.out) == (4, "")
    assert "there is no run 'nope'" in done.err
    assert "do: See `mnist-tui runs list`." in done.err


def test_a_device_that_is_not_there(mnist: Mnist) -> None:
    if torch.cuda.is_available():
        pytest.skip("here it is")
    done = mnist("train", *SYNTHETIC, "--device", "cuda")
    assert (done.code, done.out) == (2, "")
    assert "no cuda device" in done.err
    assert "--device cpu" in done.err


def test_a_runs_folder_that_cannot_be_made(mnist: Mnist, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = mnist("train", *SYNTHETIC, "--runs-dir", tmp_path / "file" / "runs")
    assert (done.code, done.out) == (4, "")
    assert f"no run can be written in {tmp_path / 'file' / 'runs'}" in done.err
    assert "do: Choose another --runs-dir." in done.err


def test_a_data_folder_that_cannot_be_made(mnist: Mnist, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = mnist("train", "--dataset", "mnist", "--data-dir", tmp_path / "file" / "data")
    assert (done.code, done.out) == (3, "")
    assert str(tmp_path / "file" / "data") in done.err
    assert "MNIST_TUI_DATA_DIR" in done.err


def test_a_home_directory_may_be_abbreviated(mnist: Mnist, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert f"No runs in {tmp_path / 'mine'} yet." in mnist("runs", "list", "--runs-dir", "~/mine").err
