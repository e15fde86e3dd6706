"""The compiler's intermediate representation: a network as a list of fused stages. No torch, and no weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple


class MapShape(NamedTuple):
    """The shape of one image's feature maps between two layers; a flat vector has height and width 1."""

    channels: int
    height: int
    width: int


INPUT_SHAPE = MapShape(1, 28, 28)
OUTPUT_SHAPE = MapShape(10, 1, 1)


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

    def output_shape(self, shape: MapShape) -> MapShape:
        """The shape after the convolution; empty (a side below 1) where the kernel does not fit."""
        growth = 2 * self.padding - self.kernel + 1
        return MapShape(self.outputs, shape.height + growth, shape.width + growth)

    def to_text(self) -> str:
        """`conv 3x3 padding 1 to 8 bias`."""
        bias = " bias" if self.bias else ""
        return f"conv {self.kernel}x{self.kernel} padding {self.padding} to {self.outputs}{bias}"


@dataclass(frozen=True)
class BatchNorm:
    """Batch normalization with running statistics; `momentum` is the weight of the newest batch in them."""

    epsilon: float
    momentum: float
    affine: bool

    def to_text(self) -> str:
        """`norm epsilon 1e-05 momentum 0.1 affine`."""
        return f"norm epsilon {self.epsilon!r} momentum {self.momentum!r}{' affine' if self.affine else ''}"


@dataclass(frozen=True)
class Pool:
    """Pooling without padding; incomplete windows are left out. Global pooling has a window of the map's size."""

    kind: Literal["max", "average"]
    size: int
    stride: int

    def output_shape(self, shape: MapShape) -> MapShape:
        """The shape after pooling; empty (a side below 1) where the window does not fit."""
        sides = ((side - self.size) // self.stride + 1 for side in (shape.height, shape.width))
        return MapShape(shape.channels, *sides)

    def to_text(self) -> str:
        """`max pool 2 stride 2`."""
        return f"{self.kind} pool {self.size} stride {self.stride}"


@dataclass(frozen=True)
class Dropout:
    """Dropout with 0 < probability < 1: of single elements, or of whole channels as in Dropout2d."""

    probability: float
    whole_channels: bool

    def to_text(self) -> str:
        """`drop 0.1` or `drop 0.1 of channels`."""
        return f"drop {self.probability!r}{' of channels' if self.whole_channels else ''}"


class TensorNames(NamedTuple):
    """The names of a stage's tensors in the model's `named_parameters` and `named_buffers`; None for those it lacks."""

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
    """One pass over the feature maps, in the order of the fields from `conv` on; each may be missing."""

    inputs: int
    """Channels of the input; `height` and `width` are its sides."""
    height: int
    width: int
    conv: Conv | None = None
    relu: bool = False
    """Before the norm; without a norm, the only one."""
    norm: BatchNorm | None = None
    relu_after: bool = False
    """After the norm; never without one."""
    pool: Pool | None = None
    dropout: Dropout | None = None
    conv_name: str = ""
    """The submodule in the model; "" where there is no such layer, as with `norm_name`."""
    norm_name: str = ""

    @property
    def input_shape(self) -> MapShape:
        return MapShape(self.inputs, self.height, self.width)

    @property
    def conv_shape(self) -> MapShape:
        """The shape after the convolution, which ReLU and norm preserve."""
        return self.conv.output_shape(self.input_shape) if self.conv else self.input_shape

    @property
    def output_shape(self) -> MapShape:
        """The shape of the next stage's input."""
        return self.pool.output_shape(self.conv_shape) if self.pool else self.conv_shape

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
            self.dropout and self.dropout.to_text(),
        ]
        return f"{'x'.join(map(str, self.input_shape))}: {', '.join(part for part in parts if part)}"


@dataclass(frozen=True)
class NetworkPlan:
    """A whole network: the first stage's input is an image (1, 28, 28), the last one's output ten logits (10, 1, 1)."""

    stages: tuple[Stage, ...]

    def to_text(self) -> str:
        """One line per stage. Equal for networks that differ only in names, so they share a compiled library."""
        return "\n".join(stage.to_text() for stage in self.stages)
