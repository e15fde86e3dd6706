"""The layers with weights: each is read from its module's settings.

As with the functions, a reader gives the operation and the Flow after it, or raises Misfit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from mnist_tui.native.plan import Conv, Map, Norm
from mnist_tui.native.tracing.chain import Operation, Signal, UnsupportedLayer
from mnist_tui.native.tracing.functions import one_number, only_images

KERNELS = (1, 3, 5)


def read_module(module: nn.Module, flow: Signal) -> tuple[Operation, Signal]:
    """What `module` makes of `flow`. Raises Misfit where it is not compiled."""
    reader = READERS.get(type(module))
    if reader is None:
        raise UnsupportedLayer(_unknown(module))
    operation, after = reader(module, flow)
    _refuse_other_tensors(module, operation, after.map.channels)
    return operation, after


def tensors_of(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """The parameters and buffers that `module` itself holds, by their names in it."""
    yield from module.named_parameters(recurse=False, remove_duplicate=False)
    yield from module.named_buffers(recurse=False, remove_duplicate=False)


def _refuse_other_tensors(module: nn.Module, operation: Operation, channels: int) -> None:
    """Raises Misfit where memory does not hold what is expected: compiled code reads it without asking."""
    for name, tensor in tensors_of(module):
        dtype = torch.int64 if name == "num_batches_tracked" else torch.float32
        if tensor.dtype != dtype:
            raise UnsupportedLayer(f"has a {name} of {tensor.dtype}; only {dtype} is compiled")
        if tensor.device.type != "cpu":
            raise UnsupportedLayer(f"has a {name} on {tensor.device}; only the CPU is compiled for")
        wanted = _numbers_in(name, operation, channels)
        if tensor.numel() != wanted:
            raise UnsupportedLayer(
                f"has a {name} of {tensor.numel()} numbers, where its settings ask for {wanted}"
            )


def _numbers_in(name: str, operation: Operation, channels: int) -> int:
    if name == "weight" and isinstance(operation, Conv):
        return operation.outputs * operation.inputs * operation.kernel**2
    return 1 if name == "num_batches_tracked" else channels


def _conv(conv: nn.Conv2d, flow: Signal) -> tuple[Operation, Signal]:
    only_images(flow)
    _refuse_variants(conv)
    kernel = one_number(conv.kernel_size, "kernel_size")
    padding = _padding(conv.padding, kernel)
    is_whole_map = kernel == flow.map.height and padding == 0  # what a linear layer is, too
    if kernel not in KERNELS and not is_whole_map:
        raise UnsupportedLayer(f"has kernel {kernel}; only 1, 3 and 5 are compiled, or the whole map")
    if not 0 <= padding < kernel:
        raise UnsupportedLayer(
            f"has padding {padding}; for kernel {kernel} only 0 to {kernel - 1} is compiled"
        )
    if conv.in_channels != flow.map.channels:
        raise UnsupportedLayer(f"takes {conv.in_channels} channels and is given {flow.map.channels}")
    operation = Conv(kernel, padding, conv.in_channels, conv.out_channels, conv.bias is not None)
    after = operation.after(flow.map)
    return operation, Signal(after, after)


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
    return one_number(padding, "padding")


def _linear(linear: nn.Linear, flow: Signal) -> tuple[Operation, Signal]:
    given = flow.map
    if not flow.is_flat:
        raise UnsupportedLayer(f"is given an image {flow}; flatten it first, with `flatten(x, 1)`")
    if linear.in_features != math.prod(given):
        raise UnsupportedLayer(f"takes {linear.in_features} numbers and is given {math.prod(given)}")
    bias = linear.bias is not None
    operation = Conv(given.height, 0, given.channels, linear.out_features, bias)
    return operation, _flat(operation.after(given))


def _norm2d(norm: nn.BatchNorm2d, flow: Signal) -> tuple[Operation, Signal]:
    only_images(flow)
    return _norm(norm, flow), flow


def _norm1d(norm: nn.BatchNorm1d, flow: Signal) -> tuple[Operation, Signal]:
    if flow.dims != (flow.map.channels,):
        raise UnsupportedLayer(
            "normalises each number of a map on its own; use BatchNorm2d before flattening, "
            "or BatchNorm1d after a linear layer"
        )
    return _norm(norm, flow), flow


def _norm(norm: nn.BatchNorm2d | nn.BatchNorm1d, flow: Signal) -> Norm:
    statistics = (norm.running_mean, norm.running_var, norm.num_batches_tracked)
    if not norm.track_running_stats or any(statistic is None for statistic in statistics):
        raise UnsupportedLayer(
            "has no running statistics; only BatchNorm with track_running_stats is compiled"
        )
    if (norm.weight is None) != (norm.bias is None):
        raise UnsupportedLayer("has a weight without a bias; only both or neither is compiled")
    if norm.momentum is None:
        raise UnsupportedLayer("has momentum None; only a fixed momentum is compiled")
    if norm.num_features != flow.map.channels:
        raise UnsupportedLayer(f"takes {norm.num_features} channels and is given {flow.map.channels}")
    return Norm(float(norm.eps), float(norm.momentum), affine=norm.weight is not None)


def _flat(given: Map) -> Signal:
    return Signal(given, (math.prod(given),))


def _short(numbers: tuple[int, ...]) -> str:
    return str(numbers[0]) if len(set(numbers)) == 1 else str(numbers)


def _unknown(module: nn.Module) -> str:
    base = next((known.__name__ for known in READERS if isinstance(module, known)), "")
    if base:
        return f"is a subclass of {base}, which may compute anything; only torch.nn's own {base} is compiled"
    return f"is none of the layers with weights that are compiled: {', '.join(kind.__name__ for kind in READERS)}"


READERS: Mapping[type[nn.Module], Callable[[Any, Signal], tuple[Operation, Signal]]] = {
    nn.Conv2d: _conv,
    nn.Linear: _linear,
    nn.BatchNorm2d: _norm2d,
    nn.BatchNorm1d: _norm1d,
}
