"""Drawings of one's own are kept, whatever happens, and are a dataset."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mnist_tui.data import datasets, my_digits
from mnist_tui.data.describe import describe_dataset
from mnist_tui.errors import DataError
from mnist_tui.system import atomic_file, regular_file
from tests import odd_files


def drawing(value: int) -> np.ndarray:  # type: ignore[type-arg]
    return np.full((28, 28), value, np.uint8)


def keep(folder: Path, count: int) -> None:
    for number in range(count):
        assert my_digits.add_digit(folder, drawing(number), number % 10) == number + 1


def test_what_is_kept_comes_back_in_order(tmp_path: Path) -> None:
    keep(tmp_path, 12)
    found = my_digits.load_all(tmp_path)
    assert found.images[:, 0, 0, 0].tolist() == list(range(12))
    assert found.labels.tolist() == [number % 10 for number in range(12)]


def test_the_files_are_idx(tmp_path: Path) -> None:
    keep(tmp_path, 2)
    home = tmp_path / my_digits.FOLDER
    images, labels = (home / my_digits.IMAGES).read_bytes(), (home / my_digits.LABELS).read_bytes()
    assert images[:16].hex() == "00000803000000020000001c0000001c"
    assert labels.hex() == "00000801000000020001"


def test_a_kill_between_the_two_files_loses_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(tmp_path, 3)
    write = atomic_file.write_bytes

    def killed(path: Path, content: bytes) -> None:
        if path.name == my_digits.LABELS:
            raise KeyboardInterrupt
        write(path, content)

    monkeypatch.setattr(atomic_file, "write_bytes", killed)
    with pytest.raises(KeyboardInterrupt):
        my_digits.add_digit(tmp_path, drawing(99), 9)
    monkeypatch.undo()
    assert my_digits.load_all(tmp_path).labels.tolist() == [0, 1, 2]
    assert my_digits.add_digit(tmp_path, drawing(50), 5) == 4
    assert my_digits.load_all(tmp_path).images[3, 0, 0, 0] == 50


def test_a_reader_meanwhile_never_sees_a_drawing_with_the_label_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill between the two files has left one of them ahead, and the next drawing comes between two looks."""
    keep(tmp_path, 3)
    write, written = atomic_file.write_bytes, []

    def killed(path: Path, content: bytes) -> None:
        write(path, content)
        written.append(path)
        raise KeyboardInterrupt

    monkeypatch.setattr(atomic_file, "write_bytes", killed)
    with pytest.raises(KeyboardInterrupt):
        my_digits.add_digit(tmp_path, drawing(9), 9)
    monkeypatch.setattr(atomic_file, "write_bytes", write)
    assert len(written) == 1
    read, looks = regular_file.read_bytes, []

    def read_bytes(path: Path, limit: int) -> bytes:
        content = read(path, limit)
        looks.append(path)
        if len(looks) == 1:
            my_digits.add_digit(tmp_path, drawing(5), 5)
        return content

    monkeypatch.setattr(regular_file, "read_bytes", read_bytes)
    found = my_digits.load_all(tmp_path)
    assert len(looks) > 1
    assert found.images[:, 0, 0, 0].tolist() == found.labels.tolist()


@pytest.mark.parametrize("kind", odd_files.ODD)
def test_an_odd_file_is_named_and_not_waited_for(tmp_path: Path, kind: str) -> None:
    keep(tmp_path / "data", 3)
    path = tmp_path / "data" / my_digits.FOLDER / my_digits.IMAGES
    odd_files.put(kind, path)
    with pytest.raises(DataError, match=f"{path} is damaged: it is "):
        my_digits.load_all(tmp_path / "data")


def test_a_split_keeps_every_drawing_where_it_is(tmp_path: Path) -> None:
    keep(tmp_path, 60)
    train, test = my_digits.load_splits(tmp_path)
    assert (len(train.labels), test.labels.bincount().tolist()) == (50, [1] * 10)
    my_digits.add_digit(tmp_path, drawing(200), 0)
    _, later = my_digits.load_splits(tmp_path)
    assert later.images.equal(test.images)


def test_they_are_a_dataset(tmp_path: Path) -> None:
    keep(tmp_path, 60)
    loaded = datasets.load_dataset("my-digits", tmp_path)
    assert (loaded.name, len(loaded.train.labels)) == ("my-digits", 50)
    described = describe_dataset("my-digits", tmp_path).contents
    assert described is not None
    assert described.test.images == 10
    assert len(datasets.load_test_set("my-digits", tmp_path, trained_on="mnist").split.labels) == 60
    assert len(datasets.load_test_set("my-digits", tmp_path, trained_on="my-digits").split.labels) == 10


def test_too_few_and_none_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no digits of your own"):
        my_digits.load_all(tmp_path)
    keep(tmp_path, 1)
    with pytest.raises(DataError, match="has 1 drawing; training takes at least 50") as error:
        datasets.load_dataset("my-digits", tmp_path)
    assert "eval --dataset my-digits" in error.value.remedy


@pytest.mark.parametrize("name", [my_digits.IMAGES, my_digits.LABELS])
@pytest.mark.parametrize(
    "damage", [b"\0\0\x08", b"\0\0\x08\x01\xff\xff\xff\xff", b"\0" * 40, b"\0\0\x08\x01\0\0\0\x01\x63"]
)
def test_a_damaged_file_is_named_and_left_alone(tmp_path: Path, name: str, damage: bytes) -> None:
    keep(tmp_path, 1)
    path = tmp_path / my_digits.FOLDER / name
    path.write_bytes(damage)
    with pytest.raises(DataError, match="is damaged"):
        my_digits.add_digit(tmp_path, drawing(1), 1)
    assert path.read_bytes() == damage
