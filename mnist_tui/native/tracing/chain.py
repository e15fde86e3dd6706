"""One network as the chain of its layers, before they are fused."""

from __future__ import annotations

from dataclasses import dataclass

from mnist_tui.native.plan import Conv, Drop, Map, Norm, Pool


@dataclass(frozen=True)
class Relu:
    """max(x, 0)."""


Operation = Conv | Relu | Norm | Pool | Drop


@dataclass(frozen=True)
class Layer:
    """An operation with the map before it and the map after it."""

    operation: Operation
    inputs: Map
    outputs: Map
    name: str = ""
    """The dotted name of its module in the model; "" for a function that `forward` calls itself."""


@dataclass(frozen=True)
class Signal:
    """What one image is at a point of the chain: its map, and the dimensions in which `forward` sees it."""

    map: Map
    dims: tuple[int, ...]
    """Without the batch: (C, H, W) as an image, (C * H * W,) flat; others after a reshape."""
    closed: bool = False
    """Whether these are log-probabilities, which end the chain."""

    @property
    def is_image(self) -> bool:
        """Whether channels, height and width are dimensions of their own."""
        return self.dims == self.map

    @property
    def is_flat(self) -> bool:
        """Whether it is one vector an image."""
        return len(self.dims) == 1

    def __str__(self) -> str:
        """The shape as a person knows it, `(N, 8, 14, 14)`."""
        return f"({', '.join(['N', *map(str, self.dims)])})"


class UnsupportedLayer(Exception):  # noqa: N818 - half a sentence on its way to Unfit
    """What is wrong with a call, without its subject: `has padding 1; only ...`."""
