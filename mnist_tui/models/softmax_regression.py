"""Softmax regression, the baseline any network should beat."""

from __future__ import annotations

from collections import OrderedDict

from torch import nn


class SoftmaxRegression(nn.Sequential):
    """One weight a pixel and class: (N, 1, 28, 28) -> logits (N, 10), 7,850 parameters."""

    def __init__(self) -> None:
        super().__init__(OrderedDict(flatten=nn.Flatten(), fc=nn.Linear(28 * 28, 10)))
