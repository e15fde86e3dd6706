"""The commands of the README's list do what it says, as far as that goes without a terminal and a network."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from PIL import Image

from tests import trained_runs
from tests.cli.conftest import Mnist

README = Path(__file__).parents[2] / "README.md"
COMMANDS = re.findall(r"^(mnist-tui\b[^#\n]*?) +#", README.read_text(encoding="utf-8"), flags=re.MULTILINE)

NET = """
from torch import nn


class Net(nn.Sequential):
    def __init__(self):
        super().__init__(
            nn.Conv2d(1, 4, 3, stride=4), nn.ReLU(), nn.BatchNorm2d(4), nn.Dropout(0.1),
            nn.Conv2d(4, 10, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        )
"""

# What ends otherwise than with 0 here, and why.
CODES = {
    "mnist-tui dashboard --epochs 5 --start": 2,  # there is no terminal
    "mnist-tui train --resume latest": 4,  # the runs before it are finished
    "mnist-tui eval latest --dataset my-digits": 3,  # nothing has been drawn
    "mnist-tui data fetch mnist": 3,  # there is no network
}
# They have tests of their own.
TOO_LONG = {"mnist-tui bench", "mnist-tui bench --to 99.0,99.4", "mnist-tui export latest --format onnx"}


def test_the_list_is_found() -> None:
    assert len(COMMANDS) > 15
    assert set(CODES) | TOO_LONG <= set(COMMANDS)


@pytest.mark.early
def test_the_commands_do_what_the_readme_says(
    mnist: Mnist, trial_server: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nets.py").write_text(NET)
    Image.fromarray(trained_runs.picture_of(3)[0].numpy()).save(tmp_path / "photo.jpg")
    rows = [trained_runs.picture_of(label).flatten().tolist() for label in (3, 7)]
    (tmp_path / "test.csv").write_text("\n".join(",".join(map(str, row)) for row in rows))
    (tmp_path / "train.csv").write_text("\n".join(",".join(map(str, [3, *row])) for row in rows))
    # The reference recipe takes minutes; the words of the commands stay as they are.
    for name, value in {"MODEL": "linear", "EPOCHS": "1", "TRAIN_LIMIT": "200"}.items():
        monkeypatch.setenv(f"MNIST_TUI_{name}", value)
    for name in ("seed-1", "seed-2"):
        assert mnist("train", "--name", name).code == 0
    for command in COMMANDS:
        if command not in TOO_LONG:
            done = mnist(*shlex.split(command)[1:], typed="y\n")
            assert (command, done.code) == (command, CODES.get(command, 0)), done.err
