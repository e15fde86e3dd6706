"""Checkpoints and weights: what goes in comes out, and what is damaged or malicious does no harm."""

from __future__ import annotations

import os
import pickle
import resource
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save as to_safetensors
from torch import nn

from mnist_tui.errors import RunError
from mnist_tui.training import checkpoint
from mnist_tui.training.checkpoint import load_state, load_weights, save_state, save_weights

STATE = {
    "model": {"weight": torch.arange(6.0).reshape(2, 3), "count": torch.tensor(3)},
    "position": {"epoch": 2, "best": None, "seconds": 1.5, "name": "größer"},
    "list": [1, 2.5, "three", True],
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "last.ckpt"


def test_a_state_comes_back_as_it_was(file: Path) -> None:
    save_state(file, STATE)
    back = load_state(file)
    assert back["position"] == STATE["position"]
    assert back["list"] == STATE["list"]
    assert torch.equal(back["model"]["weight"], STATE["model"]["weight"])  # type: ignore[index]
    assert back["model"]["count"].dtype == torch.int64


def test_a_new_state_replaces_the_old_one(file: Path) -> None:
    save_state(file, {"step": 1})
    save_state(file, {"step": 2})
    assert load_state(file)["step"] == 2
    assert list(file.parent.iterdir()) == [file]


def test_a_missing_checkpoint_is_named(file: Path) -> None:
    with pytest.raises(RunError, match="there is no checkpoint at .*last.ckpt"):  # noqa: RUF043
        load_state(file)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.5, 0.9, 0.999])
def test_a_truncated_checkpoint_is_unreadable(file: Path, share: float) -> None:
    save_state(file, STATE)
    content = file.read_bytes()
    file.write_bytes(content[: int(share * len(content))])
    with pytest.raises(RunError, match="not a readable checkpoint") as raised:
        load_state(file)
    assert raised.value.exit_code == 4


@pytest.mark.parametrize("content", [b"garbage", b"\0" * 1000, b"PK\x03\x04", b"\x80\x02.", b"{}"])
def test_garbage_is_unreadable(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(RunError, match="last.ckpt is not a readable checkpoint|another version"):  # noqa: RUF043
        load_state(file)


def test_a_checkpoint_that_unpacks_to_far_more_than_it_is_is_not_unpacked(file: Path) -> None:
    save_state(file, {"model": torch.zeros(1_000_000)})
    with zipfile.ZipFile(file) as whole:
        parts = {name: whole.read(name) for name in whole.namelist()}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bomb:
        for name, content in parts.items():
            bomb.writestr(name, content)
    assert torch.load(file, weights_only=True)["model"].shape == (1_000_000,)  # what torch makes of it
    with pytest.raises(RunError, match="not a readable checkpoint: it would unpack to 4,"):
        load_state(file)


def pickled_as(file: Path, content: bytes) -> None:
    """A checkpoint whose sums are right, with this pickle in it."""
    save_state(file, STATE)
    with zipfile.ZipFile(file) as archive:
        parts = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    with zipfile.ZipFile(file, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, content if name.endswith("/data.pkl") else part)


@pytest.mark.parametrize("module", ["__builtin__", "builtins"])
def test_a_checkpoint_takes_no_memory_for_a_number_in_it(file: Path, module: str) -> None:
    huge = 2**29
    pickled_as(file, f"\x80\x02c{module}\nbytearray\nJ".encode("latin-1") + huge.to_bytes(4, "little") + b"\x85R.")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(RunError, match=f"not a readable checkpoint: it names {module} bytearray"):
        load_state(file)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < huge // 1024 // 2


def test_an_odd_pickle_is_refused_before_torch_warns_of_it(file: Path) -> None:
    pickled_as(file, pickle.dumps({"format": 1}, protocol=2))
    assert load_state(file) == {"format": 1}
    pickled_as(file, pickle.dumps({"format": 1}, protocol=4))
    with pytest.raises(RunError, match="not a readable checkpoint: it is pickled by protocol 4"):
        load_state(file)


def test_a_flipped_bit_in_a_weight_is_noticed(file: Path) -> None:
    save_state(file, {"model": torch.full((100,), 1.5)})
    content = bytearray(file.read_bytes())
    content[content.index(torch.full((2,), 1.5).numpy().tobytes())] ^= 1
    file.write_bytes(content)
    assert torch.load(file, weights_only=True)["model"][0] != 1.5  # torch does not notice
    with pytest.raises(RunError, match=r"not a readable checkpoint: .* is damaged"):
        load_state(file)


@pytest.mark.parametrize(
    ("found", "complaint"),
    [
        ({"a": torch.zeros(1), "b": [1]}, "it/a is .*float32.*, not .*float32"),
        ({"a": torch.zeros(2, dtype=torch.complex64), "b": [1]}, "complex64"),
        ({"a": torch.zeros(2).to_sparse(), "b": [1]}, "sparse"),
        ({"a": [0.0, 0.0], "b": [1]}, "it/a is a list, not a Tensor"),
        ({"a": torch.zeros(2), "b": ["1"]}, "it/b/0 is a str, not a int"),
        ({"a": torch.zeros(2), "b": []}, "longer|shorter"),
        ([], "it is a list, not a dict"),
    ],
)
def test_a_state_of_another_kind_is_refused(found: Any, complaint: str) -> None:
    expected = {"a": torch.zeros(2), "b": [1], "c": None}
    checkpoint.check_structure({"a": torch.ones(2), "b": [2], "c": 1}, expected)
    with pytest.raises(ValueError, match=complaint):
        checkpoint.check_structure(found, expected)


def test_another_format_of_torch_is_refused_whatever_it_claims(file: Path) -> None:
    torch.save({"format": checkpoint.FORMAT}, file, _use_new_zipfile_serialization=False)
    with pytest.raises(RunError, match="not a readable checkpoint"):
        load_state(file)


def test_metadata_too_deep_to_read_is_unreadable(tmp_path: Path) -> None:
    file = tmp_path / "best.safetensors"
    file.write_bytes(to_safetensors({"a": torch.zeros(1)}, metadata={"config": "[" * 100_000}))
    with pytest.raises(RunError, match=r"best\.safetensors has no readable weights"):
        load_weights(file)


class Malicious:
    """Would make a file when unpickled."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.canary),)


@pytest.mark.parametrize("way", ["torch", "legacy", "pickle"])
def test_a_malicious_checkpoint_runs_no_code(file: Path, way: str) -> None:
    canary = file.with_name("canary")
    evil = {"format": checkpoint.FORMAT, "model": Malicious(canary)}
    if way == "pickle":
        file.write_bytes(pickle.dumps(evil))
    else:
        torch.save(evil, file, _use_new_zipfile_serialization=way == "torch")
    with pytest.raises(RunError, match="not a readable checkpoint"):
        load_state(file)
    assert not canary.exists()


@pytest.mark.parametrize("content", [{"format": 2}, {"model": {}}, [1, 2], torch.zeros(3)])
def test_another_programs_file_is_refused(file: Path, content: Any) -> None:
    torch.save(content, file)
    with pytest.raises(RunError, match="another version"):
        load_state(file)


class Tied(nn.Module):
    """Two names for one tensor, and a kernel that is channels_last."""

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Linear(3, 3)
        self.two = nn.Linear(3, 3)
        self.two.weight = self.one.weight
        self.conv = nn.Conv2d(2, 4, 3)
        self.norm = nn.BatchNorm2d(4)


def test_weights_come_back_with_tied_ones_and_strides_and_metadata(tmp_path: Path) -> None:
    model = Tied().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    metadata = {"config": {"lr": 0.01, "model": "größer"}, "metrics": {"epoch": 3}, "run": "mine"}
    save_weights(tmp_path / "best.safetensors", model.state_dict(), metadata)
    weights, back = load_weights(tmp_path / "best.safetensors")
    assert back == metadata
    expected = model.state_dict()
    assert weights.keys() == expected.keys()
    assert all(torch.equal(weights[name], expected[name]) for name in expected)
    assert all(weights[name].dtype == expected[name].dtype for name in expected)
    Tied().load_state_dict(weights)


def test_slices_of_one_tensor_are_saved_whole_and_apart(tmp_path: Path) -> None:
    base = torch.arange(10.0)
    save_weights(tmp_path / "w", {"a": base[2:5], "b": base[::2], "c": base.reshape(2, 5).t()}, {})
    weights, _ = load_weights(tmp_path / "w")
    assert weights["a"].tolist() == [2, 3, 4]
    assert weights["b"].tolist() == [0, 2, 4, 6, 8]
    assert torch.equal(weights["c"], base.reshape(2, 5).t())


@pytest.mark.parametrize("content", [b"", b"garbage", b"\xff" * 100, None])
def test_unreadable_weights_are_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "best.safetensors"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(RunError, match=r"best\.safetensors has no readable weights"):
        load_weights(file)
