"""`inspect-model`, `check` and `bench`: what they print, and what as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mnist_tui import recipes
from mnist_tui.config import TrainConfig
from tests.cli import past_runs
from tests.cli.conftest import Mnist
from tests.models.user_networks import NOTICED, REFUSED, write

# The keys that are promised to readers of the JSON; more may come.
SUMMARY = {"model", "input_shape", "parameters", "trainable_parameters", "macs", "layers"}
LAYER = {"path", "type", "output_shape", "parameters", "macs", "receptive_field"}

QUICK = (
    "--headless",
    "--model",
    "linear",
    "--backend",
    "eager",
    "--dataset",
    "synthetic",
    "--epochs",
    "1",
    "--train-limit",
    "200",
)


def test_the_layer_table_fits_80_columns_a_line_a_layer(mnist: Mnist) -> None:
    lines = mnist("inspect-model").out.splitlines()
    assert max(map(len, lines)) <= 80
    assert sum("Conv2d" in line for line in lines) == 6
    assert any(line.split() == ["pool", "AdaptiveAvgPool2d", "to", "1×1", "10×1×1", "·", "·", "44"] for line in lines)
    assert lines[-1].startswith("6,790 parameters (all trainable) · 1.31 M MACs per image")


def test_the_layer_table_as_json(mnist: Mnist) -> None:
    summary = json.loads(mnist("inspect-model", "--json").out)
    assert summary.keys() >= SUMMARY
    assert all(layer.keys() >= LAYER for layer in summary["layers"])
    assert (summary["model"], summary["input_shape"]) == ("reference", [1, 28, 28])
    assert (summary["parameters"], summary["trainable_parameters"], summary["macs"]) == (
        6790,
        6790,
        1_306_144,
    )
    assert summary["layers"][0]["path"] == "block1.conv1"
    assert summary["layers"][0]["output_shape"] == [8, 28, 28]


def test_the_model_of_a_run(mnist: Mnist, runs_dir: Path) -> None:
    past_runs.write_some(runs_dir)
    assert json.loads(mnist("inspect-model", "--run", "good", "--json").out)["model"] == "linear"
    assert json.loads(mnist("check", "--run", "good", "--json").out)["model"] == "linear"
    assert mnist("inspect-model", "--run", "nope").code == 4


def test_what_is_likely_a_mistake_in_a_network_is_said_of_it(mnist: Mnist, tmp_path: Path) -> None:
    source, words = NOTICED["softmax function"]
    spec = write(tmp_path, source)
    for command in ("inspect-model", "check"):
        assert words in mnist(command, "--model", spec).out
        (finding,) = json.loads(mnist(command, "--model", spec, "--json").out)["findings"]
        assert words in finding
        assert json.loads(mnist(command, "--model", "linear", "--json").out)["findings"] == []


def test_a_network_that_cannot_be_used_is_refused_with_its_remedy(mnist: Mnist, tmp_path: Path) -> None:
    spec = write(tmp_path, REFUSED["squeeze"][0])
    for command in ("inspect-model", "check"):
        done = mnist(command, "--model", spec)
        assert done.code == 2
        assert "squeeze the spatial dimensions only" in done.err


@pytest.fixture
def trained(mnist: Mnist) -> str:
    assert mnist("train", *QUICK, "--name", "trained").code == 0
    return "trained"


def test_the_inside_of_a_run_fits_80_columns(mnist: Mnist, trained: str) -> None:
    shown = mnist("inspect-model", "--run", trained, "--image", "3")
    assert shown.code == 0, shown.err
    assert max(map(len, shown.out.splitlines())) <= 80
    for words in (
        "trained · best weights, epoch 1",
        "update/weight",
        "Filters of fc Linear",
        "test image 3: ",
        "by occlusion",
        "by gradient",
        "Answer ",
        "flatten 1 × 1×784",
    ):
        assert words in shown.out
    assert "\x1b" not in shown.out


def test_one_layer_alone(mnist: Mnist, trained: str) -> None:
    shown = mnist("inspect-model", "--run", trained, "--image", "3", "--layer", "fc", "--weights", "last")
    assert "trained · last weights" in shown.out
    assert "fc 1 × 1×10" in shown.out
    assert "flatten 1 ×" not in shown.out


def test_the_inside_as_json(mnist: Mnist, trained: str) -> None:
    inside = json.loads(mnist("inspect-model", "--run", trained, "--image", "3", "--json").out)
    assert inside.keys() >= SUMMARY | {"label", "filters", "movements", "image"}
    assert (inside["filters"]["path"], len(inside["filters"]["grids"])) == ("fc", 10)
    assert inside["movements"][-1]["layers"] == ["fc"]
    image = inside["image"]
    assert image["number"] == 3
    assert len(image["pixels"]) == len(image["heats"]["gradient"]) == 28
    assert image["guesses"][0][1] >= image["guesses"][1][1]
    assert list(image["maps"]) == ["flatten", "fc"]
    without = json.loads(mnist("inspect-model", "--run", trained, "--json").out)
    assert without["image"] is None


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--image", "3"], 2, "name one with --run"),
        (["--run", "trained", "--image", "99999"], 2, "test images 0 to"),
        (["--run", "trained", "--image", "-1"], 2, "--image"),
        (["--run", "trained", "--image", "3", "--layer", "conv9"], 2, "there are flatten, fc"),
        (["--run", "trained", "--weights", "middle"], 2, "--weights"),
        (["--run", "good", "--image", "3"], 4, "no best weights"),
        (["--run", "good", "--weights", "last"], 4, "no checkpoint"),
    ],
)
def test_what_cannot_be_looked_into(
    mnist: Mnist, trained: str, runs_dir: Path, options: list[str], code: int, words: str
) -> None:
    past_runs.write_some(runs_dir)
    done = mnist("inspect-model", *options)
    assert done.code == code
    assert words in " ".join(done.err.replace("│", " ").split())


def test_the_model_can_come_from_the_environment(mnist: Mnist, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNIST_TUI_MODEL", "linear")
    assert mnist("inspect-model").out.startswith("linear · input 1×28×28")


@pytest.mark.parametrize(
    ("options", "met"),
    [
        ([], True),
        (["--max-parameters", "6791"], True),
        (["--max-parameters", "6790"], False),
        (["--min-batch-norms", "6"], True),
        (["--min-batch-norms", "7"], False),
        (["--min-dropouts", "3"], True),
        (["--min-dropouts", "4"], False),
        (["--head", "gap"], True),
        (["--head", "fc"], False),
        (["--model", "linear"], False),
        (["--model", "reference-fc", "--head", "fc"], True),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_check_is_exit_code_1_when_a_requirement_is_unmet(options: list[str], met: bool, mnist: Mnist) -> None:
    shown = mnist("check", *options)
    assert shown.code == (0 if met else 1)
    assert ("✗" not in shown.out) is met
    assert ("all requirements met" in shown.out) is met
    answer = mnist("check", *options, "--json")
    assert answer.code == shown.code
    found = json.loads(answer.out)
    assert found["met"] is met
    assert all(entry["met"] for entry in found["requirements"]) is met
    assert found["requirements"][0].keys() >= {"name", "wanted", "found", "met"}


@pytest.mark.parametrize("command", ["inspect-model", "check"])
def test_a_model_that_is_not_there_is_wrong_usage(command: str, mnist: Mnist) -> None:
    done = mnist(command, "--model", "referense")
    assert (done.code, done.out) == (2, "")
    assert "'referense'" in done.err
    assert "do: " in done.err


def test_bench_measures_ours_beside_a_plain_loop(mnist: Mnist) -> None:
    done = mnist("bench", "--rounds", "1", "--images", "512", "--model", "linear", "--dataset", "synthetic", "--json")
    result: dict[str, Any] = json.loads(done.out)
    assert done.code == 0
    assert (result["rounds"], result["images"], result["model"], result["dataset"]) == (
        1,
        512,
        "linear",
        "synthetic",
    )
    assert result["peak_gflops"] > 0
    assert result.keys() >= {"processor", "cores"}
    plain, *ours = result["measurements"]
    assert (plain["name"], plain["batch_size"], plain["ratio"]) == ("plain loop", 16, 1.0)
    entered = [(entry["name"], entry["batch_size"]) for entry in ours]
    assert entered[:2] == [("mnist-tui eager", 16), ("mnist-tui eager", 128)]
    native = [("mnist-tui native", size) for size in (16, 64, 128, 512)]
    assert entered[2:] == native or (not entered[2:] and "without native: " in done.err)
    assert all(entry["images_per_second"] > 0 and entry["threads"] >= 1 for entry in ours)
    assert "round 1 of 1" in done.err


def test_bench_to_measures_the_time_to_an_accuracy(mnist: Mnist, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = TrainConfig(model="linear", epochs=2, batch_size=64, backend="eager")
    monkeypatch.setattr(recipes, "RECIPES", {"reference": quick, "no-such-model": quick.replace(backend="graph")})
    options = (
        "--to",
        "50,100",
        "--rounds",
        "1",
        "--images",
        "512",
        "--dataset",
        "synthetic",
        "--model",
        "linear",
    )
    done = mnist("bench", *options)
    assert done.code == 0, done.err
    rows = [line.split() for line in done.out.splitlines()]
    assert max(map(len, done.out.splitlines())) <= 80
    assert [row[0] for row in rows if "50.00" in row] == ["plain", "reference"]
    assert "without no-such-model: --backend graph cannot be used" in done.err
    assert "round 1 of 1: plain loop, epoch 1/2: " in done.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--to", "fast"], "--to fast: these are not numbers"),
        (["--to", "0.5,120"], "an accuracy is between 0 and 100 %"),
        (["--to", "99", "--recipes", "nope"], "there is no recipe 'nope'"),
        (["--recipes", "reference"], "--recipes goes with --to only"),
        (["--images", "7"], "images is 7, but must be at least 512"),
    ],
)
def test_what_bench_cannot_do_is_wrong_usage(options: list[str], message: str, mnist: Mnist) -> None:
    done = mnist("bench", *options)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
