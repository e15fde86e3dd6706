"""What is compiled: a network as a list of fused stages. No torch, and no weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple


class Map(NamedTuple):
    """What one image is between two layers; a flat vector is a map of 1×1."""

    channels: int
    height: int
    width: int


IMAGE = Map(1, 28, 28)
RESULT = Map(10, 1, 1)


@dataclass(frozen=True)
class Conv:
    """A convolution with stride 1, or a linear layer.

    A linear layer on (C, H, W), flattened, is the convolution whose kernel is the whole map and whose padding
    is 0: its weights (outputs, C * H * W) lie in memory as (outputs, C, H, W).
    """

    kernel: int
    padding: int
    inputs: int
    outputs: int
    bias: bool

    def after(self, given: Map) -> Map:
        """The map that comes of `given`; empty (a side below 1) where the kernel does not fit."""
        grows = 2 * self.padding - self.kernel + 1
        return Map(self.outputs, given.height + grows, given.width + grows)

    def to_text(self) -> str:
        """`conv 3x3 padding 1 to 8 bias`."""
        bias = " bias" if self.bias else ""
        return f"conv {self.kernel}x{self.kernel} padding {self.padding} to {self.outputs}{bias}"


@dataclass(frozen=True)
class Norm:
    """Batch normalisation with running statistics; `momentum` is the weight of the newest batch in them."""

    epsilon: float
    momentum: float
    affine: bool

    def to_text(self) -> str:
        """`norm epsilon 1e-05 momentum 0.1 affine`."""
        return f"norm epsilon {self.epsilon!r} momentum {self.momentum!r}{' affine' if self.affine else ''}"


@dataclass(frozen=True)
class Pool:
    """Pooling without padding; windows that do not fit are left out. A global average has the map's size."""

    kind: Literal["max", "average"]
    size: int
    stride: int

    def after(self, given: Map) -> Map:
        """The map that comes of `given`; empty (a side below 1) where the window does not fit."""
        sides = ((side - self.size) // self.stride + 1 for side in (given.height, given.width))
        return Map(given.channels, *sides)

    def to_text(self) -> str:
        """`max pool 2 stride 2`."""
        return f"{self.kind} pool {self.size} stride {self.stride}"


@dataclass(frozen=True)
class Drop:
    """Dropout with 0 < probability < 1: of single numbers, or of whole channels as Dropout2d does."""

    probability: float
    whole_channels: bool

    def to_text(self) -> str:
        """`drop 0.1` or `drop 0.1 of channels`."""
        return f"drop {self.probability!r}{' of channels' if self.whole_channels else ''}"


class TensorNames(NamedTuple):
    """Where a stage's tensors are in the model, as `named_parameters` and `named_buffers` call them."""

    weight: str | None
    bias: str | None
    norm_weight: str | None
    norm_bias: str | None
    running_mean: str | None
    running_var: str | None
    num_batches_tracked: str | None

    @property
    def parameters(self) -> tuple[str, ...]:
        """Those that get gradients."""
        return tuple(name for name in self[:4] if name)


@dataclass(frozen=True)
class Stage:
    """One pass over the map, in the order of the fields from `conv` on; each may be missing."""

    inputs: int
    """Channels of what comes in; `height` and `width` are its sides."""
    height: int
    width: int
    conv: Conv | None = None
    relu: bool = False
    """Before the norm; without a norm, the only one."""
    norm: Norm | None = None
    relu_after: bool = False
    """After the norm; never without one."""
    pool: Pool | None = None
    drop: Drop | None = None
    conv_name: str = ""
    """The submodule in the model; "" where there is no such layer, as with `norm_name`."""
    norm_name: str = ""

    @property
    def given(self) -> Map:
        """What comes in."""
        return Map(self.inputs, self.height, self.width)

    @property
    def middle(self) -> Map:
        """What the convolution gives, which ReLUs and norm keep in shape."""
        return self.conv.after(self.given) if self.conv else self.given

    @property
    def out(self) -> Map:
        """What the next stage is given."""
        return self.pool.after(self.middle) if self.pool else self.middle

    @property
    def channels(self) -> int:
        """Channels from the convolution on."""
        return self.middle.channels

    @property
    def middle_height(self) -> int:
        """Height between convolution and pooling."""
        return self.middle.height

    @property
    def middle_width(self) -> int:
        """Width between convolution and pooling."""
        return self.middle.width

    @property
    def out_height(self) -> int:
        """Height after pooling."""
        return self.out.height

    @property
    def out_width(self) -> int:
        """Width after pooling."""
        return self.out.width

    def tensor_names(self) -> TensorNames:
        """The dotted names of the stage's tensors, None for those it lacks."""
        conv, norm = self.conv_name, self.norm_name
        biased, affine = self.conv and self.conv.bias, self.norm and self.norm.affine
        return TensorNames(
            weight=f"{conv}.weight" if self.conv else None,
            bias=f"{conv}.bias" if biased else None,
            norm_weight=f"{norm}.weight" if affine else None,
            norm_bias=f"{norm}.bias" if affine else None,
            running_mean=f"{norm}.running_mean" if self.norm else None,
            running_var=f"{norm}.running_var" if self.norm else None,
            num_batches_tracked=f"{norm}.num_batches_tracked" if self.norm else None,
        )

    def to_text(self) -> str:
        """One line: `1x28x28: conv 3x3 padding 1 to 8 bias, relu, max pool 2 stride 2`."""
        parts = [
            self.conv and self.conv.to_text(),
            self.relu and "relu",
            self.norm and self.norm.to_text(),
            self.relu_after and "relu",
            self.pool and self.pool.to_text(),
            self.drop and self.drop.to_text(),
        ]
        return f"{'x'.join(map(str, self.given))}: {', '.join(part for part in parts if part)}"


@dataclass(frozen=True)
class Plan:
    """A whole network: the first stage is given images (1, 28, 28), the last gives ten logits (10, 1, 1)."""

    stages: tuple[Stage, ...]

    def to_text(self) -> str:
        """One line a stage. Equal for networks that differ in nothing but names, so they share a library."""
        return "\n".join(stage.to_text() for stage in self.stages)
