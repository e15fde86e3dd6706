"""The networks that come with this program: the reference network, its variants, and a linear baseline."""

from __future__ import annotations

import math
from collections import OrderedDict

from torch import nn

from mnist_tui.config import CLASSES, IMAGE_SHAPE


class Block(nn.Sequential):
    """Two convolutions, then half the size: (N, cin, H, W) -> (N, cout, H // 2, W // 2)."""

    def __init__(self, cin: int, middle: int, cout: int, *, second_kernel: int = 3, dropout: float) -> None:
        layers = {
            **_conv_relu_norm(1, cin, middle, kernel=3),
            **_conv_relu_norm(2, middle, cout, kernel=second_kernel),
            "pool": nn.MaxPool2d(2),
            "dropout": nn.Dropout(dropout),
        }
        super().__init__(OrderedDict(layers))


class Reference(nn.Sequential):
    """(N, 1, 28, 28) -> logits (N, 10), with 6,790 parameters; the head is global average pooling."""

    def __init__(self, dropout: float = 0.1, width: int = 1) -> None:
        """`width` times as many channels, but for the first and the last."""
        head = {"pool": nn.AdaptiveAvgPool2d(1), "flatten": nn.Flatten()}
        super().__init__(OrderedDict(_blocks(dropout, width) | head))


class Wide(Reference):
    """The reference network with twice the channels: a teacher for it."""

    def __init__(self, dropout: float = 0.1) -> None:
        super().__init__(dropout, width=2)


class ReferenceFC(nn.Sequential):
    """The same blocks with a fully connected head: (N, 1, 28, 28) -> logits (N, 10), 7,700 parameters."""

    def __init__(self, dropout: float = 0.1) -> None:
        head = {"flatten": nn.Flatten(), "fc": nn.Linear(CLASSES * 3 * 3, CLASSES)}
        super().__init__(OrderedDict(_blocks(dropout) | head))


def _blocks(dropout: float, width: int = 1) -> dict[str, nn.Module]:
    """(N, 1, 28, 28) -> (N, 10, 3, 3): sides 28 -> 14 -> 7 -> 3."""
    few, many = 8 * width, 16 * width
    return {
        "block1": Block(1, few, few, dropout=dropout),
        "block2": Block(few, many, many, dropout=dropout),
        "block3": Block(many, many, CLASSES, second_kernel=1, dropout=dropout),
    }


def _conv_relu_norm(index: int, cin: int, cout: int, *, kernel: int) -> dict[str, nn.Module]:
    """The `index`-th convolution of a block with what follows it; the size stays, as `kernel` is odd."""
    return {
        f"conv{index}": nn.Conv2d(cin, cout, kernel, padding=kernel // 2),
        f"relu{index}": nn.ReLU(),
        # After the ReLU, where it usually stands before: the published results are of this order.
        f"norm{index}": nn.BatchNorm2d(cout),
    }


class SoftmaxRegression(nn.Sequential):
    """One weight per pixel and class, the baseline: (N, 1, 28, 28) -> logits (N, 10), 7,850 parameters."""

    def __init__(self) -> None:
        super().__init__(OrderedDict(flatten=nn.Flatten(), fc=nn.Linear(math.prod(IMAGE_SHAPE), CLASSES)))
