"""`load`: the same tensors from a disk, from a network and from nothing, or an error worth reading."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from mnist_tui.data import registry
from mnist_tui.data.datasets import load_dataset
from mnist_tui.data.download import mirrors, verified_files
from mnist_tui.data.types import Dataset
from mnist_tui.errors import DataError
from mnist_tui.events import DataProgress, Event, Notice
from tests.data.download.mirror import Mirror
from tests.data.samples import TEST, TRAIN, Sample, sample


@pytest.fixture(autouse=True)
def _tiny_is_mnist(tiny: Sample, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Where the catalogue is asked for anything, the tiny dataset is the answer."""
    if "mnist_folder" not in request.fixturenames:
        monkeypatch.setattr(registry, "get_dataset_spec", lambda name: tiny.entry)


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every attempt to fetch or to write a lock fails the test."""
    monkeypatch.delattr(mirrors, "fetch_dataset")


def assert_is_tiny(dataset: Dataset, tiny: Sample) -> None:
    assert torch.equal(dataset.train.images.squeeze(1), tiny.train_images)
    assert dataset.train.labels.tolist() == [label % 10 for label in range(TRAIN)]
    assert (dataset.test.images.shape, dataset.test.images.dtype) == ((TEST, 1, 28, 28), torch.uint8)
    assert (dataset.test.labels.shape, dataset.test.labels.dtype) == ((TEST,), torch.int64)


def notices(reported: list[Event]) -> list[str]:
    return [event.message for event in reported if isinstance(event, Notice)]


@pytest.mark.usefixtures("no_network")
def test_what_is_on_disk_is_read_where_it_lies(tiny: Sample, tmp_path: Path, reported: list[Event]) -> None:
    home = tiny.write(tmp_path)
    before = sorted(path.name for path in home.iterdir())
    dataset = load_dataset("mnist", tmp_path, report=reported.append)
    assert_is_tiny(dataset, tiny)
    assert (dataset.name, dataset.source, len(dataset.classes)) == ("mnist", str(home), 10)
    assert sorted(path.name for path in home.iterdir()) == before
    assert {event.stage for event in reported if isinstance(event, DataProgress)} == {"checking"}


def test_what_is_missing_is_fetched_once(mirror: Mirror, tiny: Sample, tmp_path: Path) -> None:
    with mirror.reachable():
        assert_is_tiny(load_dataset("mnist", tmp_path), tiny)
    with mirror.reachable():
        assert_is_tiny(load_dataset("mnist", tmp_path), tiny)
    assert len(mirror.requested_paths) == 4


DAMAGES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "truncated": (lambda content: content[:-5], "MD5"),
    "swapped": (lambda content: sample().contents["test-images.gz"], "MD5"),
    "empty": (lambda content: b"", "it is empty"),
    "oversized": (lambda content: bytes(verified_files.MAX_BYTES + 1), "larger than"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_heals_with_a_notice(
    damage: str, mirror: Mirror, tiny: Sample, tmp_path: Path, reported: list[Event]
) -> None:
    home = tiny.write(tmp_path)
    spoil, complaint = DAMAGES[damage]
    path = home / "train-images.gz"
    path.write_bytes(spoil(path.read_bytes()))
    with mirror.reachable():
        assert_is_tiny(load_dataset("mnist", tmp_path, report=reported.append), tiny)
    [notice] = notices(reported)
    assert notice.startswith(f"{path} is damaged: ")
    assert complaint in notice
    assert mirror.requested_paths == ["/good/train-images.gz"]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_that_cannot_be_fetched_again_says_so_until_it_can(
    damage: str, mirror: Mirror, tiny: Sample, tmp_path: Path
) -> None:
    path = tiny.write(tmp_path) / "train-images.gz"
    path.write_bytes(DAMAGES[damage][0](path.read_bytes()))
    with pytest.raises(DataError, match=DAMAGES[damage][1]) as caught:
        load_dataset("mnist", tmp_path)  # the tiny mirror is not https, so it is out of reach
    assert f"{path} is damaged" in str(caught.value)
    assert "Delete it, or fetch it again" in caught.value.remedy
    assert caught.value.exit_code == 3
    with mirror.reachable():
        assert_is_tiny(load_dataset("mnist", tmp_path), tiny)


def test_a_named_dataset_never_falls_back(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="could not be fetched"):
        load_dataset("mnist", tmp_path)


def test_a_folder_in_the_place_of_a_file_is_an_error(tiny: Sample, tmp_path: Path) -> None:
    home = tiny.write(tmp_path, without="train-images.gz")
    (home / "train-images.gz").mkdir()
    with pytest.raises(DataError, match="is a folder, not a file"):
        load_dataset("mnist", tmp_path)


def test_a_file_that_cannot_be_opened_is_an_error(tiny: Sample, tmp_path: Path) -> None:
    """A socket is one that even root cannot open."""
    home = tiny.write(tmp_path, without="train-images.gz")
    with socket.socket(socket.AF_UNIX) as there, pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)  # the name of a socket must be short
        there.bind("train-images.gz")
        with pytest.raises(DataError, match="cannot be read: "):
            load_dataset("mnist", tmp_path)


@pytest.mark.usefixtures("no_network")
def test_a_file_with_the_right_sum_and_the_wrong_content_is_named(
    tiny: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = tiny.entry
    swapped = replace(entry, train_labels=entry.test_labels, test_labels=entry.train_labels)
    monkeypatch.setattr(registry, "get_dataset_spec", lambda name: swapped)
    path = tiny.write(tmp_path) / "test-labels.gz"
    with pytest.raises(DataError, match="declares 10 values, not 20") as caught:
        load_dataset("mnist", tmp_path)
    assert str(path) in str(caught.value)


@pytest.mark.usefixtures("drawn_cheaply")
def test_the_synthetic_digits_need_nothing(tmp_path: Path, reported: list[Event]) -> None:
    dataset = load_dataset("synthetic", tmp_path / "nowhere", report=reported.append)
    assert (dataset.name, len(dataset.train.labels), len(dataset.test.labels)) == (
        "synthetic",
        60_000,
        10_000,
    )
    assert not torch.equal(dataset.train.images[0], dataset.test.images[0])
    assert {(event.stage, event.unit) for event in reported if isinstance(event, DataProgress)} == {
        ("drawing", "images")
    }
    assert reported[-1].done == 10_000  # type: ignore[attr-defined]
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.usefixtures("drawn_cheaply")
def test_auto_is_mnist_if_it_is_available(mirror: Mirror, tmp_path: Path, reported: list[Event]) -> None:
    with mirror.reachable():
        dataset = load_dataset("auto", tmp_path, report=reported.append)
    assert dataset.name == "mnist"
    assert notices(reported) == []


@pytest.mark.usefixtures("drawn_cheaply")
def test_auto_draws_where_mnist_is_out_of_reach_and_says_why(tmp_path: Path, reported: list[Event]) -> None:
    assert load_dataset("auto", tmp_path, report=reported.append).name == "synthetic"
    assert "MNIST could not be downloaded: training on synthetic digits instead." in notices(reported)[-1]
    assert "not https" in notices(reported)[-1]


@pytest.mark.usefixtures("drawn_cheaply")
def test_auto_says_that_mnist_is_damaged(tiny: Sample, tmp_path: Path, reported: list[Event]) -> None:
    path = tiny.write(tmp_path) / "train-images.gz"
    path.write_bytes(b"")
    assert load_dataset("auto", tmp_path, report=reported.append).name == "synthetic"
    assert f"{path} is damaged: it is empty. It could not be fetched again" in notices(reported)[-1]


@pytest.mark.usefixtures("no_network")
def test_the_fingerprint_is_that_of_the_content(tiny: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny.write(tmp_path / "here")
    first = load_dataset("mnist", tmp_path / "here").fingerprint
    shutil.move(tmp_path / "here", tmp_path / "there")
    assert load_dataset("mnist", tmp_path / "there").fingerprint == first
    assert len(bytes.fromhex(first)) == 8


@pytest.mark.mnist
@pytest.mark.usefixtures("no_network")
def test_the_real_mnist(mnist_folder: Path) -> None:
    dataset = load_dataset("mnist", mnist_folder)
    assert dataset.train.images.shape == (60_000, 1, 28, 28)
    assert dataset.train.labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert dataset.test.labels[:5].tolist() == [7, 2, 1, 0, 4]
    assert dataset.train.images.untyped_storage().nbytes() < 60_000 * 784 + 4096
    assert dataset.fingerprint == "1e35582d42a90940"
