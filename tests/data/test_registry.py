"""What can be fetched and from where, and the import of torchvision that it is compared with."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from mnist_tui.data import registry
from mnist_tui.errors import DataError
from mnist_tui.models import torchvision_import
from tests.cli.warm import python


@pytest.mark.parametrize(
    ("name", "folder", "first_class", "last_class"),
    [
        ("mnist", "MNIST/raw", "0", "9"),
        ("fashion-mnist", "FashionMNIST/raw", "T-shirt/top", "Ankle boot"),
        ("kmnist", "KMNIST/raw", "o", "wo"),
    ],
)
def test_an_entry_is_laid_out_as_torchvision_lays_out_its_root(
    name: str, folder: str, first_class: str, last_class: str
) -> None:
    entry = registry.get_dataset_spec(name)
    assert (entry.name, entry.folder) == (name, Path(folder))
    assert len(entry.classes) == 10
    assert (entry.classes[0], entry.classes[-1]) == (first_class, last_class)


@pytest.mark.parametrize("name", registry.DATASETS)
def test_every_mirror_is_https_and_every_sum_an_md5(name: str) -> None:
    entry = registry.get_dataset_spec(name)
    assert entry.mirrors
    assert all(mirror.startswith("https://") and mirror.endswith("/") for mirror in entry.mirrors)
    assert len({file.md5 for file in entry.files}) == 4
    assert all(len(bytes.fromhex(file.md5)) == 16 for file in entry.files)


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(DataError, match="'minst'") as caught:
        registry.get_dataset_spec("minst")
    assert "mnist, fashion-mnist, kmnist, synthetic, auto" in caught.value.remedy


@pytest.mark.parametrize(
    ("name", "theirs"), [("mnist", "MNIST"), ("fashion-mnist", "FashionMNIST"), ("kmnist", "KMNIST")]
)
def test_files_sums_and_classes_are_torchvisions(name: str, theirs: str) -> None:
    known, entry = getattr(torchvision_import.import_part("datasets"), theirs), registry.get_dataset_spec(name)
    assert {(file.name, file.md5) for file in entry.files} == set(known.resources)
    assert [label.partition(" - ")[0] for label in known.classes] == list(entry.classes)
    places = {mirror.partition("://")[2].replace(".s3-website.", ".s3.") for mirror in known.mirrors}
    assert places <= {mirror.removeprefix("https://") for mirror in entry.mirrors}


def test_operators_are_declared_once_and_only_where_they_are_missing() -> None:
    torchvision_import.import_part("datasets")
    known = torch.ops.torchvision.nms.default._schema
    torchvision_import.declare_missing_operators()
    assert torch.ops.torchvision.nms.default._schema == known


def run(script: str) -> subprocess.CompletedProcess[str]:
    """`script` in a fresh interpreter in which every warning is an error."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )


def run_warm(script: str, path: Path) -> subprocess.CompletedProcess[str]:
    """The same, but torch has been imported before."""
    strict = f"import sys, warnings; warnings.simplefilter('error'); sys.path.insert(0, {str(path)!r})"
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with python(f"{strict}\n{script}", **pipes) as process:
        out, err = process.communicate()
        return subprocess.CompletedProcess(script, process.returncode, out, err)


def test_a_fresh_import_is_silent_and_brings_neither_network_nor_torchvision() -> None:
    done = run(
        "import sys; from mnist_tui.data import datasets, registry;"
        "print(registry.get_dataset_spec('kmnist').classes[0], {'requests', 'torchvision'} & set(sys.modules))"
    )
    assert (done.stdout, done.stderr) == ("o set()\n", "")


def test_a_torchvision_that_works_is_left_alone(tmp_path: Path) -> None:
    """A stand-in that declares its own operators and, as some versions do, warns about its pictures."""
    (tmp_path / "torchvision").mkdir()
    (tmp_path / "torchvision" / "__init__.py").write_text(
        "import torch, warnings\n"
        "torch.library.define('torchvision::nms', '(Tensor x) -> Tensor')\n"
        "warnings.warn('Failed to load image Python extension: libjpeg.so')\n"
    )
    (tmp_path / "torchvision" / "datasets.py").write_text("MNIST = 'theirs'\n")
    done = run_warm(
        "import torch; from mnist_tui.models.torchvision_import import import_part;"
        "print(import_part('datasets').MNIST, hasattr(torch.ops.torchvision, 'qnms'))",
        tmp_path,
    )
    assert (done.stdout, done.stderr) == ("theirs False\n", "")


@pytest.mark.parametrize(
    "failure", ["RuntimeError('CUDA 11 and 12')", "ImportError('libcudart')", "AttributeError('x')"]
)
def test_a_torchvision_that_is_broken_otherwise_is_not_patched(
    failure: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        monkeypatch.delitem(sys.modules, name)
    (tmp_path / "torchvision.py").write_text(f"raise {failure}\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(DataError, match="torchvision cannot be imported") as caught:
        torchvision_import.import_part("datasets")
    assert "pytorch.org" in caught.value.remedy
