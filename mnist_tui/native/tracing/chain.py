"""A network as the chain of its layers, before they are fused."""

from __future__ import annotations

from dataclasses import dataclass

from mnist_tui.native.plan import BatchNorm, Conv, Dropout, MapShape, Pool


@dataclass(frozen=True)
class Relu:
    """max(x, 0)."""


Operation = Conv | Relu | BatchNorm | Pool | Dropout


@dataclass(frozen=True)
class Layer:
    """An operation with the shapes of its input and its output."""

    operation: Operation
    input_shape: MapShape
    output_shape: MapShape
    name: str = ""
    """The dotted name of its module in the model; "" for a function that `forward` calls itself."""


@dataclass(frozen=True)
class Features:
    """What is known of a tensor at one point of the chain: its feature maps, and the dimensions `forward` sees."""

    map: MapShape
    dims: tuple[int, ...]
    """Without the batch: (C, H, W) as an image, (C * H * W,) flat; others after a reshape."""
    is_final: bool = False
    """Whether these are log-probabilities, which end the chain."""

    @property
    def is_image(self) -> bool:
        """Whether channels, height and width are dimensions of their own."""
        return self.dims == self.map

    @property
    def is_flat(self) -> bool:
        """Whether it is one vector per image."""
        return len(self.dims) == 1

    def __str__(self) -> str:
        """The shape as users know it, `(N, 8, 14, 14)`."""
        return f"({', '.join(['N', *map(str, self.dims)])})"


class UnsupportedLayer(Exception):  # noqa: N818 - half a sentence, completed to an Unsupported
    """What is wrong with a call, without its subject: `has padding 1; only ...`."""
