"""ctypes bindings of a compiled library, `cpp/library.hpp`. Other Python threads run during its calls."""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Iterable
from ctypes import POINTER, byref, c_double, c_float, c_int, c_int32, c_int64, c_uint64, c_void_p
from enum import IntEnum
from typing import NamedTuple

import torch
from torch import Tensor

from mnist_tui.native.unsupported import Unsupported


class Algorithm(IntEnum):
    """The optimizer: `native::Algorithm`."""

    SGD = 0
    ADAM = 1
    ADAMW = 2


class StepHyperparameters(ctypes.Structure):
    """The numbers of one training step: `native::Settings`."""

    _fields_ = (
        ("learning_rate", c_double),
        ("momentum", c_double),
        ("second_momentum", c_double),
        ("epsilon", c_double),
        ("weight_decay", c_double),
        ("label_smoothing", c_double),
        ("ema_decay", c_double),
        ("seed", c_uint64),
        ("step", c_uint64),
        ("ema_steps", c_void_p),
        ("algorithm", c_int32),
    )


class _Parameter(ctypes.Structure):
    _fields_ = (
        *((name, c_void_p) for name in ("value", "gradient", "first", "second", "steps", "average")),
        ("size", c_int64),
    )


class _NormStatistics(ctypes.Structure):
    _fields_ = tuple(
        (name, c_void_p)
        for name in ("mean", "variance", "batches", "mean_average", "variance_average", "batches_average")
    )


class _StepResult(ctypes.Structure):
    _fields_ = (("loss_sum", c_double), ("correct", c_int64))


class ParameterTensors(NamedTuple):
    """A parameter, its gradient, optimizer state and average: contiguous float32 of one shape, `steps` of shape ()."""

    value: Tensor
    gradient: Tensor | None = None
    first: Tensor | None = None
    """SGD's momentum, or Adam's first moment."""
    second: Tensor | None = None
    steps: Tensor | None = None
    average: Tensor | None = None


class NormStatistics(NamedTuple):
    """A norm's running statistics, (C,) float32 with () int64, and their averages."""

    mean: Tensor
    variance: Tensor
    batches: Tensor
    mean_average: Tensor | None = None
    variance_average: Tensor | None = None
    batches_average: Tensor | None = None


class BoundTensors:
    """The addresses of a network's tensors, which stay where they are as long as this object lives."""

    def __init__(self, stages: Iterable[tuple[tuple[ParameterTensors | None, ...], NormStatistics | None]]) -> None:
        """For each lowered stage weight, bias, gamma and beta, None where it has none, and its norm's statistics."""
        self._stages = list(stages)
        self.parameters = (_Parameter * (4 * len(self._stages)))()
        self.statistics = (_NormStatistics * len(self._stages))()
        for number, (parameters, statistics) in enumerate(self._stages):
            for which, parameter in enumerate(parameters):
                if parameter is not None:
                    addresses = map(_address, parameter)
                    self.parameters[4 * number + which] = _Parameter(*addresses, parameter.value.numel())
            if statistics is not None:
                self.statistics[number] = _NormStatistics(*map(_address, statistics))


class CompiledNetwork:
    """One network's compiled training step and forward pass, on threads of its own."""

    def __init__(self, library: ctypes.CDLL, images: int, threads: int) -> None:
        """Allocates memory for steps of up to `images` images. Raises Unsupported if there is not enough."""
        _declare(library)
        self._library = library
        self._network = library.native_open(images, threads)
        if not self._network:
            raise Unsupported(f"there is no memory for a compiled step of {images:,} images")
        self._result = _StepResult()
        # The result as tensors: to make new ones would take a tenth of a small step.
        self._loss_sum = torch.frombuffer(self._result, dtype=torch.float64, count=1)[0]
        self._correct = torch.frombuffer(self._result, dtype=torch.int64, count=1, offset=_StepResult.correct.offset)[0]
        self._losses = torch.zeros(images)
        # Ends the threads, also at the end of the process.
        self.close = weakref.finalize(self, library.native_close, self._network)

    def step(
        self,
        bound: BoundTensors,
        settings: StepHyperparameters,
        images: Tensor,
        labels: Tensor,
        *,
        weights: Tensor | None = None,
        targets: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """A whole training step: forward, loss, backward, optimizer, running statistics and averages.

        images: (N, 1, 28, 28) float32. labels: (N,) int64. weights: (N,) float32, by which each image's loss is
        multiplied. targets: (N, 10) float32, class probabilities in place of the labels. All are contiguous.

        Returns the sum of the losses, () float64; the number of correct images, () int64; and, if there are weights,
        each image's own cross-entropy with its label, (N,) float32. The next step overwrites them.
        """
        self._library.native_step(
            self._network,
            bound.parameters,
            bound.statistics,
            byref(settings),
            images.data_ptr(),
            labels.data_ptr(),
            _address(targets),
            _address(weights),
            len(labels),
            self._losses.data_ptr(),
            byref(self._result),
        )
        losses = None if weights is None else self._losses[: len(labels)]
        return self._loss_sum, self._correct, losses

    def logits(self, bound: BoundTensors, images: Tensor, out: Tensor, *, averaged: bool) -> None:
        """Write the logits (N, 10) in evaluation mode to `out`, of the weights or of their averages."""
        network, pixels = (self._network, bound.parameters, bound.statistics), images.data_ptr()
        self._library.native_logits(*network, averaged, pixels, len(images), out.data_ptr())

    def warp(
        self, images: Tensor, maps: Tensor | None, out: Tensor, *, bilinear: bool, mean: float, std: float
    ) -> None:
        """Map (N, 1, 28, 28) uint8 by (N, 2, 3) float32 affine maps, if any, and normalize into float32 `out`."""
        self._library.native_warp(
            self._network, images.data_ptr(), _address(maps), len(images), bilinear, mean, std, out.data_ptr()
        )

    def peak_flops(self, seconds: float = 0.2) -> float:
        """Floating-point operations per second of multiply-adds in registers, on all its threads together."""
        return float(self._library.native_peak(self._network, seconds))


def _address(tensor: Tensor | None) -> int | None:
    if tensor is None:
        return None
    assert tensor.is_contiguous(), "the library knows no strides"
    return tensor.data_ptr()


def _declare(library: ctypes.CDLL) -> None:
    """Without these, ctypes takes every argument and result for a C int."""
    network, data = c_void_p, c_void_p
    tensors = (POINTER(_Parameter), POINTER(_NormStatistics))
    step = (network, *tensors, POINTER(StepHyperparameters), data, data, data, data, c_int, data, POINTER(_StepResult))
    for function, arguments, result in (
        (library.native_open, (c_int, c_int), network),
        (library.native_close, (network,), None),
        (library.native_step, step, None),
        (library.native_logits, (network, *tensors, c_int, data, c_int, data), None),
        (library.native_warp, (network, data, data, c_int, c_int, c_float, c_float, data), None),
        (library.native_peak, (network, c_double), c_double),
    ):
        function.argtypes, function.restype = arguments, result
