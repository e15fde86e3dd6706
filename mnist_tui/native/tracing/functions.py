"""Converters for the functions and methods that a `forward` may call, with the signatures that they have in torch.

A converter takes Features in place of the tensor, and returns the operation (None where nothing is computed) and
the Features after it. It raises UnsupportedLayer where the call asks for more than is compiled.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import fx

from mnist_tui.native.plan import Dropout, MapShape, Pool
from mnist_tui.native.tracing.chain import Features, Operation, Relu, UnsupportedLayer

Conversion = tuple[Operation | None, Features]
Converter = Callable[..., Conversion]


class ImageCount(fx.Proxy):
    """The batch size, which a network may pass to `view` and must not compute with."""


def relu(input: Features, inplace: bool = False) -> Conversion:
    """ReLU, in place or not."""
    return Relu(), input


def max_pool2d(
    input: Features,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Conversion:
    """Max pooling."""
    if require_equal_sides(dilation, "dilation") != 1:
        raise UnsupportedLayer(f"has dilation {dilation}; only pooling without dilation is compiled")
    return _check_pool("max", input, kernel_size, stride, padding, ceil_mode)


def avg_pool2d(
    input: Features,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Conversion:
    """Average pooling."""
    if divisor_override is not None:
        raise UnsupportedLayer("has a divisor of its own; only true averages are compiled")
    return _check_pool("average", input, kernel_size, stride, padding, ceil_mode)


def adaptive_avg_pool2d(input: Features, output_size: Any) -> Conversion:
    """Global average pooling."""
    return _global_pool("average", input, output_size)


def adaptive_max_pool2d(input: Features, output_size: Any, return_indices: bool = False) -> Conversion:
    """Global max pooling."""
    return _global_pool("max", input, output_size)


def mean(input: Features, dim: Any = None, keepdim: bool = False, *, axis: Any = None, dtype: Any = None) -> Conversion:
    """Global average pooling, written as a mean over all dimensions of the map."""
    rank = len(input.dims) + 1
    dims = dim if axis is None else axis
    over = set(range(rank)) if dims is None else {number % rank for number in _numbers(dims)}
    whole_map = rank > 2 and over == set(range(2, rank)) and input.dims[0] == input.map.channels
    if not whole_map or dtype is not None:
        raise UnsupportedLayer(
            "is not the average of each channel over its whole map; only `x.mean((2, 3))` is compiled"
        )
    operation, pooled = _convert_global_pool("average", input.map)
    channels = pooled.map.channels
    return operation, Features(pooled.map, (channels, *[1] * (rank - 2)) if keepdim else (channels,))


def dropout(input: Features, p: float = 0.5, training: bool = True, inplace: bool = False) -> Conversion:
    """Dropout of single elements."""
    return _drop(input, p, training, whole_channels=False)


def dropout2d(input: Features, p: float = 0.5, training: bool = True, inplace: bool = False) -> Conversion:
    """Dropout of whole channels; each element of a vector is a channel."""
    if not (input.is_image or input.is_flat):
        raise UnsupportedLayer(f"is given {input}; dropout of channels is compiled for (C, H, W)")
    return _drop(input, p, training, whole_channels=input.is_image)


def flatten(input: Features, start_dim: int = 0, end_dim: int = -1) -> Conversion:
    """Several dimensions merged into one."""
    rank = len(input.dims) + 1
    first, last = start_dim % rank, end_dim % rank
    if first == 0:
        raise UnsupportedLayer("flattens all images into one vector; write `flatten(x, 1)`, which keeps them apart")
    return _convert_reshape(input, (*input.dims[: first - 1], -1, *input.dims[last:]))


def reshape(input: Features, *shape: Any) -> Conversion:
    """`view` and `reshape`: the elements of one image must stay together."""
    sizes = tuple(shape[0]) if len(shape) == 1 and isinstance(shape[0], Sequence) else shape
    if isinstance(sizes[0], ImageCount):
        return _convert_reshape(input, sizes[1:])
    if sizes[0] == -1 and math.prod(sizes[1:]) == math.prod(input.dims):
        return _convert_reshape(input, sizes[1:])
    raise UnsupportedLayer(
        f"reshapes images of {math.prod(input.dims)} numbers to {sizes}, which does not keep them apart; "
        "write `flatten(x, 1)`"
    )


def squeeze(input: Features, dim: Any = None) -> Conversion:
    """Without dimensions of size 1."""
    rank = len(input.dims) + 1
    which = range(1, rank) if dim is None else {number % rank for number in _numbers(dim)} - {0}
    sizes = tuple(size for at, size in enumerate(input.dims, start=1) if size != 1 or at not in which)
    return _convert_reshape(input, sizes)


def log_softmax(input: Features, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Conversion:
    """Logits to log-probabilities: the loss is the same for both."""
    over_classes = dim is None or dim % (len(input.dims) + 1) == 1
    if not over_classes or math.prod(input.dims[1:]) != 1 or dtype is not None:
        raise UnsupportedLayer(f"is over dimension {dim} of {input}; only over the classes is compiled")
    return None, Features(input.map, input.dims, is_final=True)


def keep_unchanged(input: Features) -> Conversion:
    """Calls that change nothing in a chain of contiguous float32."""
    return None, input


def require_equal_sides(value: Any, what: str) -> int:
    """A setting given as a number or as a pair. Raises UnsupportedLayer where the two differ."""
    numbers = _numbers(value)
    if len(set(numbers)) != 1:
        raise UnsupportedLayer(f"has {what} {tuple(numbers)}; only equal sides are compiled")
    return numbers[0]


def require_image(input: Features) -> None:
    """Raise UnsupportedLayer unless channels, height and width are dimensions of their own."""
    if not input.is_image:
        raise UnsupportedLayer(f"is given {input}, where only images (N, C, H, W) are compiled")


def _check_pool(
    kind: Literal["max", "average"], input: Features, kernel: Any, stride: Any, padding: Any, ceil_mode: bool
) -> Conversion:
    require_image(input)
    if any(_numbers(padding)):
        raise UnsupportedLayer(f"has padding {padding}; only pooling without padding is compiled")
    if ceil_mode:
        raise UnsupportedLayer("has ceil_mode; only pooling that leaves incomplete windows out is compiled")
    size = require_equal_sides(kernel, "kernel_size")
    # `stride=()` is how some of torch's own signatures say None.
    step = size if stride is None or stride == () else require_equal_sides(stride, "stride")
    return _convert_pool(Pool(kind, size, step), input.map)


def _global_pool(kind: Literal["max", "average"], input: Features, output_size: Any) -> Conversion:
    require_image(input)
    sizes = list(output_size) if isinstance(output_size, Sequence) else [output_size]
    if any(size != 1 for size in sizes):
        raise UnsupportedLayer(f"pools to size {output_size}; only global pooling, to size 1, is compiled")
    return _convert_global_pool(kind, input.map)


def _convert_global_pool(kind: Literal["max", "average"], shape: MapShape) -> Conversion:
    return _convert_pool(Pool(kind, shape.height, shape.height), shape)


def _convert_pool(pool: Pool, shape: MapShape) -> Conversion:
    after = pool.output_shape(shape)
    return (None if pool.size == pool.stride == 1 else pool), Features(after, after)


def _drop(input: Features, p: float, training: bool, *, whole_channels: bool) -> Conversion:
    if p == 1:
        raise UnsupportedLayer("drops everything; only probabilities below 1 are compiled")
    return (Dropout(float(p), whole_channels) if training and p > 0 else None), input


def _convert_reshape(input: Features, dims: Sequence[Any]) -> Conversion:
    """`dims`: the sizes after the batch, one of which may be -1."""
    missing = math.prod(input.dims) // max(1, -math.prod(dims)) if -1 in dims else 1
    sizes = tuple(missing if size == -1 else size for size in dims)
    reshaped = Features(input.map, sizes)
    if math.prod(sizes) != math.prod(input.dims):
        raise UnsupportedLayer(f"reshapes images of {math.prod(input.dims)} numbers to {reshaped}")
    return None, reshaped


def _numbers(value: Any) -> list[int]:
    return [int(number) for number in (value if isinstance(value, Sequence) else [value])]


FUNCTIONS: Mapping[Any, Converter] = {
    F.relu: relu,
    torch.relu: relu,
    torch.relu_: relu,
    F.max_pool2d: max_pool2d,
    torch.max_pool2d: max_pool2d,
    F.avg_pool2d: avg_pool2d,
    F.adaptive_avg_pool2d: adaptive_avg_pool2d,
    F.adaptive_max_pool2d: adaptive_max_pool2d,
    torch.mean: mean,
    F.dropout: dropout,
    F.dropout2d: dropout2d,
    torch.flatten: flatten,
    torch.reshape: reshape,
    torch.squeeze: squeeze,
    F.log_softmax: log_softmax,
    torch.log_softmax: log_softmax,
}
METHODS: Mapping[str, Converter] = {
    "relu": relu,
    "relu_": relu,
    "mean": mean,
    "flatten": flatten,
    "view": reshape,
    "reshape": reshape,
    "squeeze": squeeze,
    "log_softmax": log_softmax,
    "contiguous": keep_unchanged,
    "clone": keep_unchanged,
    "float": keep_unchanged,
}
