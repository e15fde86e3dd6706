"""Datasets as values: a split, a dataset, a test set, and the names of those that are not downloaded. No torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor

SYNTHETIC = "synthetic"
"""Digits drawn by this program."""
MY_DIGITS = "my-digits"
"""Digits drawn by the user."""
DIGITS = tuple("0123456789")
"""The class names of both, and of MNIST."""


@dataclass(frozen=True, eq=False)
class Split:
    """`images` (N, 1, 28, 28) uint8, 0 is paper and 255 full ink; `labels` (N,) int64."""

    images: Tensor
    labels: Tensor

    def select(self, members: Tensor | slice) -> Split:
        """The images with these numbers, and their labels."""
        return Split(self.images[members], self.labels[members])

    def to(self, device: torch.device) -> Split:
        return Split(self.images.to(device), self.labels.to(device))


@dataclass(frozen=True, eq=False)
class Dataset:
    """Two splits and where they came from. `fingerprint` changes with any pixel or label."""

    name: str
    train: Split
    test: Split
    classes: tuple[str, ...]
    source: str
    fingerprint: str


@dataclass(frozen=True, eq=False)
class TestSet:
    """Images to test a network on, and the names of the classes that their labels stand for."""

    __test__ = False  # for pytest, which collects classes of this name

    name: str
    split: Split
    classes: tuple[str, ...]
