"""A dataset's files in their usual places: unpacked, under Kaggle's names, recompressed, flat in the data folder."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mnist_tui.data import registry
from mnist_tui.data.datasets import load_dataset
from mnist_tui.data.describe import describe_dataset
from mnist_tui.data.download import mirrors
from mnist_tui.data.download.verified_files import UnusableFileError, find_verified
from mnist_tui.errors import DataError
from mnist_tui.events import Event, Notice
from tests.data.download.mirror import Mirror
from tests.data.samples import Sample, sample

NAMES = {
    "train-images.gz": "train-images-idx3-ubyte.gz",
    "train-labels.gz": "train-labels-idx1-ubyte.gz",
    "test-images.gz": "t10k-images-idx3-ubyte.gz",
    "test-labels.gz": "t10k-labels-idx1-ubyte.gz",
}


@pytest.fixture
def known(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> Sample:
    """The tiny dataset in MNIST's place, whose content can be verified."""
    found = sample(mirror.at("good"), known=True)
    monkeypatch.setattr(registry, "get_dataset_spec", lambda name: found.entry)
    return found


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(mirrors, "fetch_dataset")


Put = Callable[[Path, str, bytes], Path]


def put(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


# By the data folder, the archive's name and its content: where one file goes, and as what.
LAYOUTS: dict[str, Put] = {
    "unpacked, as torchvision leaves it": lambda folder, name, content: put(
        folder / "Tiny/raw" / name.removesuffix(".gz"), gzip.decompress(content)
    ),
    "packed anew": lambda folder, name, content: put(
        folder / "Tiny/raw" / name, gzip.compress(gzip.decompress(content), 1, mtime=7)
    ),
    "unpacked and flat": lambda folder, name, content: put(folder / name.removesuffix(".gz"), gzip.decompress(content)),
    "archives, flat": lambda folder, name, content: put(folder / name, content),
    "in the dataset's folder": lambda folder, name, content: put(
        folder / "Tiny" / name.removesuffix(".gz"), gzip.decompress(content)
    ),
    "in a folder of its name": lambda folder, name, content: put(
        folder / "mnist" / name.removesuffix(".gz"), gzip.decompress(content)
    ),
    "in a folder of each file's name": lambda folder, name, content: put(
        folder / name.removesuffix(".gz") / name.removesuffix(".gz"), gzip.decompress(content)
    ),
}


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_content_counts_wherever_it_lies(known: Sample, layout: str, tmp_path: Path) -> None:
    paths = [LAYOUTS[layout](tmp_path, name, content) for name, content in known.contents.items()]
    for name in ("mnist", "auto"):
        dataset = load_dataset(name, tmp_path)
        assert dataset.name == "mnist"
        assert dataset.train.images[:, 0].equal(known.train_images)
    info = describe_dataset("mnist", tmp_path)
    assert info.contents is not None
    assert [Path(file.path) for file in info.files] == paths
    assert all(file.verified for file in info.files)


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("name", list(NAMES.values()))
def test_names_with_a_dot_are_known(name: str, tmp_path: Path) -> None:
    contents = dict(zip(NAMES.values(), sample().contents.values(), strict=False))
    entry = registry.get_dataset_spec("mnist")
    file = next(file for file in entry.files if file.name == name)
    dotted = put(tmp_path / name.replace("-idx", ".idx").removesuffix(".gz"), gzip.decompress(contents[name]))
    with pytest.raises(UnusableFileError) as error:
        find_verified(entry, tmp_path / entry.folder, file)
    assert error.value.path == dotted  # found, and known for what it is: not MNIST's


@pytest.mark.usefixtures("no_network")
def test_the_sum_says_by_what_a_file_was_known(known: Sample, tmp_path: Path) -> None:
    home = known.write(tmp_path, without="train-images.gz")
    put(home / "train-images", gzip.decompress(known.contents["train-images.gz"]))
    unpacked, archive, *_ = describe_dataset("mnist", tmp_path).files
    assert unpacked.sha256 == known.entry.train_images.sha256
    assert archive.sha256 == ""


WRONG: dict[str, tuple[bytes, str]] = {
    "too few": (gzip.decompress(sample().contents["test-images.gz"]), "it holds 10 images, not 20 images"),
    "labels": (gzip.decompress(sample().contents["train-labels.gz"]), "it holds 20 labels, not 20 images"),
    "another size": (
        b"\0\0\x08\x03" + b"".join(n.to_bytes(4, "big") for n in (20, 32, 32)) + bytes(20 * 32 * 32),
        "20 images of 32 × 32 pixels",
    ),
    "others": (
        gzip.decompress(sample().contents["train-images.gz"])[:-1] + b"?",
        "it holds 20 images, but they are not those of mnist",
    ),
    "cut off": (
        gzip.decompress(sample().contents["train-images.gz"])[:-9],
        "it is cut off after 15,687 of 15,696",
    ),
    "no IDX": (b"<html>", "it is not an IDX file"),
    "empty": (b"", "it is not an IDX file"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_lies_there_and_is_something_else_is_named(
    known: Sample, wrong: str, mirror: Mirror, tmp_path: Path
) -> None:
    content, words = WRONG[wrong]
    known.write(tmp_path, without="train-images.gz")
    path = put(tmp_path / "train-images", content)
    info = describe_dataset("mnist", tmp_path)
    assert info.contents is None
    assert (info.files[0].path, info.files[0].verified) == (str(path), False)
    assert words in info.files[0].problem
    reported: list[Event] = []
    with mirror.reachable():
        assert len(load_dataset("mnist", tmp_path, report=reported.append).train.labels) == 20
    (notice,) = [event.message for event in reported if isinstance(event, Notice)]
    assert notice.startswith(f"{path} cannot be used: ")
    assert notice.endswith("Fetching the archive.")
    assert path.read_bytes() == content  # it belongs to the user, and stays


def test_an_unpacked_file_that_cannot_be_verified_is_not_read(
    mirror: Mirror, tiny: Sample, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(registry, "get_dataset_spec", lambda name: tiny.entry)
    home = tiny.write(tmp_path, without="train-images.gz")
    put(home / "train-images", gzip.decompress(tiny.contents["train-images.gz"]))
    with pytest.raises(DataError, match=r"only the archive train-images.gz of mnist can be verified"):
        load_dataset("mnist", tmp_path)  # its mirror is not https, so it is out of reach
    with mirror.reachable():
        assert len(load_dataset("mnist", tmp_path).train.labels) == 20


@pytest.mark.usefixtures("no_network")
def test_the_archive_in_its_place_comes_first(known: Sample, tmp_path: Path) -> None:
    home = known.write(tmp_path)
    put(home / "train-images", b"another's")
    assert describe_dataset("mnist", tmp_path).files[0].path == str(home / "train-images.gz")


@pytest.mark.usefixtures("no_network")
def test_a_pipe_in_a_files_place_is_not_waited_for(known: Sample, tmp_path: Path) -> None:
    home = known.write(tmp_path, without="train-images.gz")
    os.mkfifo(home / "train-images")
    put(home / "train-images.gz", b"")
    with pytest.raises(UnusableFileError, match="it is empty"):
        find_verified(known.entry, home, known.entry.train_images)
    (home / "train-images.gz").unlink()
    os.mkfifo(home / "train-images.gz")
    with pytest.raises(DataError, match="not a regular file"):
        find_verified(known.entry, home, known.entry.train_images)


def test_a_bomb_is_unpacked_no_further_than_it_has_to_be(known: Sample, tmp_path: Path) -> None:
    home = known.write(tmp_path, without="train-images.gz")
    put(home / "train-images.gz", gzip.compress(bytes(50_000_000), 1))
    with pytest.raises(UnusableFileError):
        find_verified(known.entry, home, known.entry.train_images)


@pytest.mark.mnist
@pytest.mark.usefixtures("no_network")
def test_the_real_mnist_is_known_unpacked(mnist_folder: Path, tmp_path: Path) -> None:
    for path in (mnist_folder / "MNIST/raw").glob("*.gz"):
        plain = path.name.removesuffix(".gz").replace("-idx", ".idx")
        put(tmp_path / plain, gzip.decompress(path.read_bytes()))
    assert load_dataset("mnist", tmp_path).fingerprint == load_dataset("mnist", mnist_folder).fingerprint
