"""`data info` and `data fetch`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from mnist_tui import runs
from mnist_tui.system import paths
from tests.cli import program
from tests.cli.conftest import Mnist

REAL = Path(os.environ.get("MNIST_TUI_DATA_DIR") or "nowhere")  # before a test hides it


def test_info_of_drawn_digits(mnist: Mnist) -> None:
    info = json.loads(mnist("data", "info", "synthetic", "--json").out)
    assert (info["name"], info["files"], info["classes"]) == ("synthetic", [], list("0123456789"))
    assert info["contents"]["train"] == {"images": 60_000, "per_class": [6000] * 10}
    shown = mnist("data", "info", "synthetic").out
    assert shown.count("6,000") == 10
    assert "mean 0." in shown


def test_info_fetches_nothing_and_says_what_is_missing(mnist: Mnist) -> None:
    done = mnist("data", "info", "mnist", "--json")
    info = json.loads(done.out)
    assert done.code == 3
    assert info["contents"] is None
    assert [file["verified"] for file in info["files"]] == [False] * 4
    assert all(file["problem"] for file in info["files"])
    shown = mnist("data", "info", "mnist")
    assert shown.code == 3
    assert shown.out.count("✗") == 4
    assert max(map(len, shown.out.splitlines())) <= 80
    assert not paths.data_dir().exists()


def test_info_of_auto_is_what_training_would_use(mnist: Mnist) -> None:
    done = mnist("data", "info", "--json")
    assert (done.code, json.loads(done.out)["name"]) == (0, "synthetic")


def test_fetch_as_json_says_what_is_there_now_as_a_run_records_it(mnist: Mnist, runs_dir: Path) -> None:
    done = mnist("data", "fetch", "synthetic", "--json")
    assert done.code == 0
    info = json.loads(done.out)
    assert (info["name"], info["train_images"], info["test_images"]) == ("synthetic", 60_000, 10_000)
    assert mnist(*program.QUICK).code == 0
    [run] = runs.list_runs(runs_dir)
    recorded = run.record().to_dict()["data"]
    assert {key: recorded[key] for key in ("name", "source", "fingerprint")} == {
        key: info[key] for key in ("name", "source", "fingerprint")
    }


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_fetch_without_a_network_is_exit_code_3(options: tuple[str, ...], mnist: Mnist) -> None:
    done = mnist("data", "fetch", "fashion-mnist", *options)
    assert (done.code, done.out) == (3, "")
    assert "could not be fetched from https://" in done.err
    assert "do: Check the connection" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("command", ["fetch", "info"])
def test_a_dataset_that_is_not_there_is_wrong_usage(command: str, mnist: Mnist) -> None:
    done = mnist("data", command, "mnits")
    assert (done.code, done.out) == (2, "")
    assert "'mnits' is not one of" in done.err


@pytest.mark.mnist
def test_the_real_files(mnist: Mnist) -> None:
    if not (REAL / "MNIST" / "raw").is_dir():
        pytest.skip("MNIST_TUI_DATA_DIR names no folder with MNIST")
    fetched = mnist("data", "fetch", "mnist", "--data-dir", REAL)
    assert fetched.code == 0
    assert "mnist: 60,000 training and 10,000 test images, verified, from " in fetched.out
    shown = mnist("data", "info", "mnist", "--data-dir", REAL)
    assert shown.code == 0
    assert shown.out.count("✓") == 4
    assert "6,742" in shown.out  # ones
    assert "mean 0.1307, deviation 0.3081" in shown.out.replace("\n", " ")
