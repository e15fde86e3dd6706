"""A handful of small networks that have everything between them: what may go wrong in one of many templates."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from mnist_tui.models.reference import Reference, ReferenceFC
from tests.native.chains import grown

P = 0.25
"""Of every dropout."""


def _pool_of_the_average() -> nn.Sequential:
    """A norm before the ReLU, overlapping windows that leave a row out, dropout of channels before an average."""
    return nn.Sequential(
        nn.Conv2d(1, 5, 5, bias=False),
        nn.BatchNorm2d(5),
        nn.ReLU(),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(5, 17, 3, padding="same"),
        nn.ReLU(),
        nn.Dropout2d(P),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(17 * 5 * 5, 10),
        nn.LogSoftmax(dim=1),
    )


def _one_by_one() -> nn.Sequential:
    """1×1 kernels first and last, an average that overlaps, a norm without weights, no layer with a bias."""
    return nn.Sequential(
        nn.AvgPool2d(3, 2),
        nn.Conv2d(1, 3, 1, bias=False),
        nn.ReLU(),
        nn.BatchNorm2d(3, eps=1e-3, momentum=0.3, affine=False),
        nn.AvgPool2d(3, 2),
        nn.Conv2d(3, 24, 3, padding="valid", bias=False),
        nn.BatchNorm2d(24),
        nn.Dropout(P),
        nn.Conv2d(24, 10, 1, bias=False),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )


def _wide_padding() -> nn.Sequential:
    """As much padding as a kernel allows, ReLUs on both sides of a norm and of an average, stages without weights."""
    return nn.Sequential(
        nn.MaxPool2d(2),
        nn.Conv2d(1, 9, 3, padding=2),
        nn.ReLU(),
        nn.BatchNorm2d(9),
        nn.ReLU(),
        nn.AvgPool2d(4),
        nn.ReLU(),
        nn.MaxPool2d(2, 1),
        nn.Conv2d(9, 8, 5, padding=4),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(3),
        nn.Dropout(P),
        nn.Conv2d(8, 10, 2),
        nn.Flatten(),
    )


def _fully_connected() -> nn.Sequential:
    """No convolution at all: linear layers with norm, ReLU and dropout between them."""
    return nn.Sequential(
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(196, 18),
        nn.ReLU(),
        nn.BatchNorm1d(18),
        nn.Dropout(P),
        nn.Linear(18, 7, bias=False),
        nn.BatchNorm1d(7),
        nn.ReLU(),
        nn.Linear(7, 10),
    )


def _average_of_a_norm() -> nn.Sequential:
    """A whole map has one gradient, and its mean must be that: then none is left for the bias, which a norm undoes."""
    return nn.Sequential(
        nn.Conv2d(1, 10, 1),
        nn.BatchNorm2d(10),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )


CHAINS: dict[str, Callable[[], nn.Module]] = {
    "pool of the average": _pool_of_the_average,
    "one by one": _one_by_one,
    "wide padding": _wide_padding,
    "fully connected": _fully_connected,
    "average of a norm": _average_of_a_norm,
    "reference": lambda: Reference(dropout=P),
    "reference-fc": lambda: ReferenceFC(dropout=P),
}


def chain(name: str) -> nn.Module:
    """With weights of its own, the same each time, and norms that have been trained for a while."""
    return grown(5, CHAINS[name])
