"""Converters for the layers with weights: from a module's settings to an operation.

As for functions, a converter returns the operation and the Features after it, or raises UnsupportedLayer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from mnist_tui.native.plan import BatchNorm, Conv
from mnist_tui.native.tracing.chain import Features, Operation, UnsupportedLayer
from mnist_tui.native.tracing.functions import require_equal_sides, require_image

KERNELS = (1, 3, 5)


def convert_module(module: nn.Module, features: Features) -> tuple[Operation, Features]:
    """The operation of `module` and the Features after it. Raises UnsupportedLayer where it is not compiled."""
    converter = MODULES.get(type(module))
    if converter is None:
        raise UnsupportedLayer(_explain_unknown(module))
    operation, after = converter(module, features)
    _refuse_other_tensors(module, operation, after.map.channels)
    return operation, after


def direct_tensors(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """The parameters and buffers that `module` itself holds, by their names in it."""
    yield from module.named_parameters(recurse=False, remove_duplicate=False)
    yield from module.named_buffers(recurse=False, remove_duplicate=False)


def _refuse_other_tensors(module: nn.Module, operation: Operation, channels: int) -> None:
    """Raise UnsupportedLayer where a tensor is not of the expected type and size: compiled code does not check."""
    for name, tensor in direct_tensors(module):
        dtype = torch.int64 if name == "num_batches_tracked" else torch.float32
        if tensor.dtype != dtype:
            raise UnsupportedLayer(f"has a {name} of {tensor.dtype}; only {dtype} is compiled")
        if tensor.device.type != "cpu":
            raise UnsupportedLayer(f"has a {name} on {tensor.device}; only the CPU is compiled for")
        wanted = _expected_size(name, operation, channels)
        if tensor.numel() != wanted:
            raise UnsupportedLayer(f"has a {name} of {tensor.numel()} elements, where its settings ask for {wanted}")


def _expected_size(name: str, operation: Operation, channels: int) -> int:
    if name == "weight" and isinstance(operation, Conv):
        return operation.outputs * operation.inputs * operation.kernel**2
    return 1 if name == "num_batches_tracked" else channels


def _conv(conv: nn.Conv2d, features: Features) -> tuple[Operation, Features]:
    require_image(features)
    _refuse_variants(conv)
    kernel = require_equal_sides(conv.kernel_size, "kernel_size")
    padding = _padding(conv.padding, kernel)
    is_whole_map = kernel == features.map.height and padding == 0  # what a linear layer is, too
    if kernel not in KERNELS and not is_whole_map:
        raise UnsupportedLayer(f"has kernel {kernel}; only 1, 3 and 5 are compiled, or the whole map")
    if not 0 <= padding < kernel:
        raise UnsupportedLayer(f"has padding {padding}; for kernel {kernel} only 0 to {kernel - 1} is compiled")
    if conv.in_channels != features.map.channels:
        raise UnsupportedLayer(f"takes {conv.in_channels} channels and is given {features.map.channels}")
    operation = Conv(kernel, padding, conv.in_channels, conv.out_channels, conv.bias is not None)
    after = operation.output_shape(features.map)
    return operation, Features(after, after)


def _refuse_variants(conv: nn.Conv2d) -> None:
    if conv.stride != (1, 1):
        raise UnsupportedLayer(f"has stride {_short(conv.stride)}; only stride 1 is compiled")
    if conv.dilation != (1, 1):
        raise UnsupportedLayer(f"has dilation {_short(conv.dilation)}; only dilation 1 is compiled")
    if conv.groups != 1:
        raise UnsupportedLayer(f"has {conv.groups} groups; only convolutions of all channels are compiled")
    if conv.padding_mode != "zeros":
        raise UnsupportedLayer(f"pads with {conv.padding_mode!r}; only zeros are compiled")


def _padding(padding: str | tuple[int, ...], kernel: int) -> int:
    if isinstance(padding, str):
        if padding == "same" and kernel % 2 == 0:
            raise UnsupportedLayer(f"has padding 'same' for kernel {kernel}; only equal sides are compiled")
        return kernel // 2 if padding == "same" else 0
    return require_equal_sides(padding, "padding")


def _linear(linear: nn.Linear, features: Features) -> tuple[Operation, Features]:
    shape = features.map
    if not features.is_flat:
        raise UnsupportedLayer(f"is given an image {features}; flatten it first, with `flatten(x, 1)`")
    if linear.in_features != math.prod(shape):
        raise UnsupportedLayer(f"takes {linear.in_features} numbers and is given {math.prod(shape)}")
    bias = linear.bias is not None
    operation = Conv(shape.height, 0, shape.channels, linear.out_features, bias)
    after = operation.output_shape(shape)
    return operation, Features(after, (math.prod(after),))


def _norm2d(norm: nn.BatchNorm2d, features: Features) -> tuple[Operation, Features]:
    require_image(features)
    return _norm(norm, features), features


def _norm1d(norm: nn.BatchNorm1d, features: Features) -> tuple[Operation, Features]:
    if features.dims != (features.map.channels,):
        raise UnsupportedLayer(
            "normalizes each element of a map separately; use BatchNorm2d before flattening, "
            "or BatchNorm1d after a linear layer"
        )
    return _norm(norm, features), features


def _norm(norm: nn.BatchNorm2d | nn.BatchNorm1d, features: Features) -> BatchNorm:
    statistics = (norm.running_mean, norm.running_var, norm.num_batches_tracked)
    if not norm.track_running_stats or any(statistic is None for statistic in statistics):
        raise UnsupportedLayer("has no running statistics; only BatchNorm with track_running_stats is compiled")
    if (norm.weight is None) != (norm.bias is None):
        raise UnsupportedLayer("has a weight without a bias; only both or neither is compiled")
    if norm.momentum is None:
        raise UnsupportedLayer("has momentum None; only a fixed momentum is compiled")
    if norm.num_features != features.map.channels:
        raise UnsupportedLayer(f"takes {norm.num_features} channels and is given {features.map.channels}")
    return BatchNorm(float(norm.eps), float(norm.momentum), affine=norm.weight is not None)


def _short(numbers: tuple[int, ...]) -> str:
    return str(numbers[0]) if len(set(numbers)) == 1 else str(numbers)


def _explain_unknown(module: nn.Module) -> str:
    base = next((known.__name__ for known in MODULES if isinstance(module, known)), "")
    if base:
        return f"is a subclass of {base}, which may compute anything; only torch.nn's own {base} is compiled"
    return f"is none of the layers with weights that are compiled: {', '.join(kind.__name__ for kind in MODULES)}"


MODULES: Mapping[type[nn.Module], Callable[[Any, Features], tuple[Operation, Features]]] = {
    nn.Conv2d: _conv,
    nn.Linear: _linear,
    nn.BatchNorm2d: _norm2d,
    nn.BatchNorm1d: _norm1d,
}
