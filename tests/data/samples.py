"""A dataset of thirty images: small enough to write, send and damage in every test."""

from __future__ import annotations

import gzip
import hashlib
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from mnist_tui.data.registry import DataFile, DatasetSpec

TRAIN, TEST = 20, 10


def idx_file(values: Tensor) -> bytes:
    """`values` (uint8) as a gzip'd IDX file."""
    shape = values.shape
    header = struct.pack(f">HBB{len(shape)}I", 0, 8, len(shape), *shape)
    return gzip.compress(header + values.numpy().tobytes(), mtime=0)


@dataclass(frozen=True)
class Sample:
    entry: DatasetSpec
    contents: Mapping[str, bytes]
    train_images: Tensor

    def write(self, folder: Path, *, without: str = "") -> Path:
        """Put the files under the data folder `folder`; returns the folder that holds them."""
        home = folder / self.entry.folder
        home.mkdir(parents=True, exist_ok=True)
        for name, content in self.contents.items():
            if name != without:
                (home / name).write_bytes(content)
        return home


def sample(*mirrors: str, known: bool = False) -> Sample:
    """With `known`, what is in its files can be verified too, and not only the archives."""
    random = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (TRAIN + TEST, 28, 28), dtype=torch.uint8, generator=random)
    labels = torch.arange(TRAIN + TEST, dtype=torch.uint8) % 10
    contents = {
        "train-images.gz": idx_file(images[:TRAIN]),
        "test-images.gz": idx_file(images[TRAIN:]),
        "train-labels.gz": idx_file(labels[:TRAIN]),
        "test-labels.gz": idx_file(labels[TRAIN:]),
    }
    files = [
        DataFile(
            name,
            hashlib.md5(content).hexdigest(),
            hashlib.sha256(gzip.decompress(content)).hexdigest() if known else "",
        )
        for name, content in contents.items()
    ]
    entry = DatasetSpec(
        name="mnist",
        folder=Path("Tiny/raw"),
        mirrors=mirrors,
        train_images=files[0],
        test_images=files[1],
        train_labels=files[2],
        test_labels=files[3],
        classes=tuple("0123456789"),
        train_count=TRAIN,
        test_count=TEST,
    )
    return Sample(entry, contents, images[:TRAIN])
