"""`train` off a terminal: what goes to stdout, what to stderr, and with which exit code."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from mnist_tui import events, runs
from tests.cli import program
from tests.cli.conftest import Mnist

EPOCH = re.compile(r"epoch \d/2  train \d\.\d{4} +[\d.]+ %  test \d\.\d{4} +[\d.]+ %  lr \S{7} +\d+\.\d s(  best)?")


def parse_events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_one_line_an_epoch_then_the_statistics(runs_dir: Path) -> None:
    done = program.run(*program.QUICK)
    [run] = runs.list_runs(runs_dir)
    assert done.returncode == 0
    head, *epochs = done.stdout.splitlines()[:3]
    assert head == f"run {run.name}: synthetic · linear · recipe reference · cpu×1 · seed 1"
    assert [bool(EPOCH.fullmatch(line)) for line in epochs] == [True, True], epochs
    assert "Best model statistics" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    assert "\r" not in done.stdout + done.stderr
    assert done.stderr.splitlines() == [
        "drawing synthetic train …",
        "drawing synthetic test …",
        f"Run saved in {run.folder}",
    ]


def test_json_is_one_event_a_line_from_the_data_to_the_end(mnist: Mnist, runs_dir: Path) -> None:
    done = mnist(*program.QUICK, "--json")
    assert done.code == 0
    lines = parse_events(done.out)
    order = list(dict.fromkeys(line["event"] for line in lines))
    order.remove("WeightsMoved")  # before or after the first Progress, as time goes
    assert order == [
        "DataProgress",
        "RunStarted",
        "EpochStarted",
        "Progress",
        "EpochFinished",
        "CheckpointSaved",
        "RunFinished",
    ]
    assert lines[-1]["event"] == "RunFinished"
    assert {line["schema_version"] for line in lines} == {1}
    assert all(events.from_json(line) is not None for line in done.out.splitlines())
    row = next(line for line in lines if line["event"] == "EpochFinished")
    assert row.keys() >= {
        "time",
        "epoch",
        "train_loss",
        "train_accuracy",
        "test_loss",
        "test_accuracy",
        "learning_rate",
        "seconds",
        "images_per_second",
    }
    assert 0 <= row["train_accuracy"] <= 1
    assert row["time"].endswith("Z")
    # What was told is what is on disk, but for the data, which came before there was a run.
    [run] = runs.list_runs(runs_dir)
    assert parse_events(run.log_file.read_text()) == [line for line in lines if line["event"] != "DataProgress"]


def test_the_easy_digits_are_learnt(mnist: Mnist) -> None:
    """Else the tests here would tell nothing of good runs."""
    last = parse_events(mnist(*program.QUICK, "--json").out)[-1]
    assert last["final_test_accuracy"] > 0.9


def test_auto_without_a_network_soon_draws_digits_and_cannot_be_overlooked(mnist: Mnist) -> None:
    done = mnist("train", "--model", "linear", "--train-limit", "100", "--epochs", "1")
    assert done.code == 0
    assert "notice: MNIST could not be downloaded: training on synthetic digits instead." in done.err
    assert ": synthetic, not MNIST · " in done.out.splitlines()[0]


def test_a_named_dataset_that_is_not_to_be_had_is_exit_code_3(mnist: Mnist, runs_dir: Path) -> None:
    done = mnist("train", "--dataset", "mnist")
    assert (done.code, done.out) == (3, "")
    assert "train-images-idx3-ubyte.gz could not be fetched" in done.err
    assert "do: Check the connection and run `mnist-tui data fetch mnist`" in done.err
    assert runs.list_runs(runs_dir) == []


def test_a_run_that_diverges_is_exit_code_1_and_says_what_to_do(mnist: Mnist) -> None:
    done = mnist(*program.QUICK, "--optimizer", "sgd", "--lr", "100", "--weight-decay", "10")
    assert done.code == 1
    assert "error: " in done.err
    assert "training has diverged" in done.err
    assert "do: Try a smaller --lr. The checkpoint before this is kept. The log is " in done.err
    assert "Traceback" not in done.err


def test_a_validation_split_has_its_own_column(mnist: Mnist) -> None:
    done = mnist(*program.QUICK, "--validation", "50")
    assert all(re.search(r" %  val \d\.\d{4} +[\d.]+ %  test ", line) for line in done.out.splitlines()[1:3])
    assert "The best epoch was selected on held-out training images" in done.out


def test_a_finished_run_is_not_resumed(mnist: Mnist, runs_dir: Path) -> None:
    mnist(*program.QUICK)
    done = mnist("train", "--resume", "latest")
    assert (done.code, done.out) == (4, "")
    assert "is finished: nothing is left to resume" in done.err


@pytest.mark.parametrize("option", ["--epochs=3", "--name=other", "--batch-size=4"])
def test_a_resumed_run_keeps_its_settings(option: str, mnist: Mnist) -> None:
    done = mnist("train", "--resume", "latest", option)
    assert done.code == 2
    assert option.partition("=")[0] in done.err


def test_a_resumed_run_may_be_computed_in_another_way(mnist: Mnist, runs_dir: Path) -> None:
    mnist(*program.QUICK)
    done = mnist("train", "--resume", "latest", "--more-epochs", "1", "--threads", "2", "--backend", "eager")
    assert done.code == 0
    assert "notice: trained with --threads 1 so far, with 2 from here on: " in done.err
    assert "cpu×2" in done.out.splitlines()[0]
    [run] = runs.list_runs(runs_dir)
    assert run.record().machine.threads == 2


def test_only_an_option_changes_a_resumed_run(mnist: Mnist, runs_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment speaks of new runs."""
    mnist(*program.QUICK)
    monkeypatch.setenv("MNIST_TUI_THREADS", "2")
    assert mnist("train", "--resume", "latest", "--more-epochs", "1").code == 0
    [run] = runs.list_runs(runs_dir)
    assert run.record().machine.threads == 1


@pytest.mark.parametrize("name", ["native", "graph"])
def test_a_backend_that_cannot_be_used_here_is_exit_code_2(
    name: str, mnist: Mnist, runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXX", "/no/such/compiler")
    done = mnist(*program.QUICK, "--device", "cpu", "--backend", name)
    assert (done.code, done.out) == (2, "")
    assert f"--backend {name} cannot be used: " in done.err
    assert "\n   do: " in done.err
    assert runs.list_runs(runs_dir) == []


def test_a_run_has_the_name_that_it_was_given_once(mnist: Mnist, runs_dir: Path) -> None:
    assert mnist(*program.QUICK, "--name", "first try").code == 0
    assert [run.name for run in runs.list_runs(runs_dir)] == ["first try"]
    again = mnist(*program.QUICK, "--name", "first try")
    assert again.code == 4
    assert "there is a run 'first try' already" in again.err
