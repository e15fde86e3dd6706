"""Where an option's value comes from: the flag, else the environment, else the config file, else the recipe."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from mnist_tui import runs
from mnist_tui.system import paths
from tests.cli import program
from tests.cli.conftest import Mnist

BASE = (
    "train",
    "--dataset",
    "synthetic",
    "--model",
    "linear",
    "--train-limit",
    "64",
    "--epochs",
    "1",
    "--json",
)


def used(mnist: Mnist, *flags: str) -> dict[str, Any]:
    """The config of a run with these flags, as its RunStarted tells it."""
    events = [json.loads(line) for line in mnist(*BASE, *flags).out.splitlines()]
    config: dict[str, Any] = next(event for event in events if event["event"] == "RunStarted")["config"]
    return config


def write(text: str, path: Path | None = None) -> Path:
    path = path or paths.config_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("name", "values"),
    [("batch_size", [16, 32, 64, 8]), ("optimizer", ["adam", "sgd", "adamw", "sgd"])],
    ids=["number", "word"],
)
def test_flag_over_environment_over_file_over_recipe(
    name: str, values: list[int | str], mnist: Mnist, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, file, environment, flag = values
    assert used(mnist)[name] == recipe
    write(f"{name} = {json.dumps(file)}")
    assert used(mnist)[name] == file
    monkeypatch.setenv(f"MNIST_TUI_{name.upper()}", str(environment))
    assert used(mnist)[name] == environment
    assert used(mnist, f"--{name.replace('_', '-')}={flag}")[name] == flag


def test_a_folder_too(mnist: Mnist, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def is_used(folder: str, *flags: str) -> bool:
        assert mnist(*BASE, *flags).code == 0
        return len(runs.list_runs(tmp_path / folder)) == 1

    monkeypatch.delenv("MNIST_TUI_RUNS_DIR")
    write(f"runs_dir = {json.dumps(str(tmp_path / 'file'))}")
    assert is_used("file")
    monkeypatch.setenv("MNIST_TUI_RUNS_DIR", str(tmp_path / "environment"))
    assert is_used("environment")
    assert is_used("flag", f"--runs-dir={tmp_path / 'flag'}")


def test_an_empty_variable_is_none(mnist: Mnist, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNIST_TUI_BATCH_SIZE", "")
    assert used(mnist)["batch_size"] == 16


def test_another_file_can_be_named(mnist: Mnist, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write("batch_size = 32")
    other = write("batch_size = 64", tmp_path / "other.toml")
    monkeypatch.setenv("MNIST_TUI_CONFIG", str(other))
    assert used(mnist)["batch_size"] == 64


BAD_FILES = {
    "epochs = ": "is not TOML",
    "epoch = 3": "there is no option 'epoch'; did you mean 'epochs'?",
    "[train]\nepochs = 3": "there is no option 'train'",
    'epochs = "five"': "epochs is 'five', but must be a whole number",
    "epochs = 0": "epochs is 0, but must be between 1 and",
    'optimizer = "adm"': "optimizer is 'adm', but must be one of adam, adamw, sgd",
    "lr = nan": "lr is nan, but must be a finite number",
    'json = "yes"': "json is 'yes', but must be true or false",
    "runs_dir = 3": "runs_dir is 3, but must be a text in quotes",
    "epochs = " + "9" * 5000: "is not TOML",
    "epochs = " + "[" * 10_000: "is not TOML",
    "epochs = 3\n" + "# so it goes\n" * 2000: "is larger than 16 KB",
    "rounds = true": "rounds is True, but must be a whole number",
}


@pytest.mark.parametrize("text", BAD_FILES)
def test_a_bad_file_is_named_with_what_is_wrong(text: str, mnist: Mnist) -> None:
    path = write(text)
    done = mnist("runs", "list")
    assert (done.code, done.out) == (2, "")
    assert f"error: {path}" in done.err
    assert BAD_FILES[text] in done.err
    assert "   do: " in done.err


def test_a_folder_in_which_nothing_can_be_looked_up_has_no_file(mnist: Mnist, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the home folder of another user, of which root cannot make one for itself."""
    monkeypatch.setenv("XDG_CONFIG_HOME", "/" + 300 * "a")
    assert mnist("runs", "list").code == 0


def test_a_file_that_is_missing_is_named(mnist: Mnist, tmp_path: Path) -> None:
    done = mnist("--config", tmp_path / "nope.toml", "runs", "list")
    assert done.code == 2
    assert f"{tmp_path / 'nope.toml'} cannot be read: No such file or directory" in done.err


def test_help_needs_no_good_file(mnist: Mnist) -> None:
    write("epochs = ")
    assert mnist("--help").code == 0
    assert program.run("--version").returncode == 0


@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_a_config_file_that_is_none_is_not_waited_for(kind: str, mnist: Mnist, tmp_path: Path) -> None:
    path = {"pipe": tmp_path / "pipe", "device": Path("/dev/zero"), "folder": tmp_path}[kind]
    if kind == "pipe":
        os.mkfifo(path)
    done = mnist("--config", path, "runs", "list")
    assert (done.code, done.out) == (2, "")
    assert f"{path} is not a regular file" in done.err
