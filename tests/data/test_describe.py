"""`describe`: what is there, what is in it, and never a fetch."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from mnist_tui.data import registry
from mnist_tui.data.datasets import load_dataset
from mnist_tui.data.describe import compute_pixel_statistics, describe_dataset
from mnist_tui.data.download import mirrors
from tests.data.samples import TEST, TRAIN, Sample


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(mirrors, "fetch_dataset")


@pytest.fixture
def tiny_is_mnist(tiny: Sample, monkeypatch: pytest.MonkeyPatch) -> Sample:
    monkeypatch.setattr(registry, "get_dataset_spec", lambda name: tiny.entry)
    return tiny


def test_a_whole_dataset_is_counted(tiny_is_mnist: Sample, tmp_path: Path) -> None:
    home = tiny_is_mnist.write(tmp_path)
    info = describe_dataset("mnist", tmp_path)
    assert [(Path(file.path).parent, file.verified, file.problem) for file in info.files] == [(home, True, "")] * 4
    assert [file.bytes for file in info.files] == [len(content) for content in tiny_is_mnist.contents.values()]
    assert info.contents is not None
    assert info.contents.train.per_class == (TRAIN // 10,) * 10
    assert info.contents.test.images == TEST
    assert info.contents.fingerprint == load_dataset("mnist", tmp_path).fingerprint


def test_a_dataset_with_holes_is_described_as_it_is(tiny_is_mnist: Sample, tmp_path: Path) -> None:
    home = tiny_is_mnist.write(tmp_path, without="train-images.gz")
    (home / "test-labels.gz").write_bytes(b"damaged")
    info = describe_dataset("mnist", tmp_path)
    assert info.contents is None
    states = {Path(file.path).name: (file.bytes, file.verified) for file in info.files}
    assert states["train-images.gz"] == (None, False)
    assert states["test-labels.gz"] == (7, False)
    assert {file.problem for file in info.files if file.bytes is None} == {"missing"}


@pytest.mark.usefixtures("drawn_cheaply")
def test_auto_describes_what_auto_would_load(tiny_is_mnist: Sample, tmp_path: Path) -> None:
    assert describe_dataset("auto", tmp_path).name == "synthetic"
    tiny_is_mnist.write(tmp_path)
    assert describe_dataset("auto", tmp_path).name == "mnist"


@pytest.mark.usefixtures("drawn_cheaply")
def test_the_synthetic_digits_have_no_files(tmp_path: Path) -> None:
    info = describe_dataset("synthetic", tmp_path)
    assert info.files == ()
    assert info.contents is not None
    assert info.contents.train.per_class == (6_000,) * 10


def test_it_goes_into_json(tiny_is_mnist: Sample, tmp_path: Path) -> None:
    tiny_is_mnist.write(tmp_path)
    record = json.loads(json.dumps(describe_dataset("mnist", tmp_path).to_dict()))
    assert record["contents"]["train"]["images"] == TRAIN
    assert record["files"][0]["verified"] is True


def test_pixel_statistics_are_those_of_the_scaled_pixels() -> None:
    images = torch.randint(0, 256, (9000, 1, 28, 28), dtype=torch.uint8)  # more than one block
    scaled = images.double() / 255
    assert compute_pixel_statistics(images) == pytest.approx((scaled.mean().item(), scaled.std(correction=0).item()))


@pytest.mark.mnist
def test_the_real_mnist_has_the_mean_and_deviation_tutorials_use(mnist_folder: Path) -> None:
    contents = describe_dataset("mnist", mnist_folder).contents
    assert contents is not None
    assert (round(contents.pixel_mean, 4), round(contents.pixel_deviation, 4)) == (0.1307, 0.3081)
    assert contents.train.per_class == (5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949)
