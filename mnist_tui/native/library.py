"""The compiled library's functions, as `cpp/library.hpp` has them. ctypes lets Python's other threads run meanwhile."""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Iterable
from ctypes import POINTER, byref, c_double, c_float, c_int, c_int32, c_int64, c_uint64, c_void_p
from enum import IntEnum
from typing import NamedTuple

import torch
from torch import Tensor

from mnist_tui.data.loader import Batch
from mnist_tui.native.unsupported import Unsupported
from mnist_tui.training.backends.base import StepResult


class Method(IntEnum):
    """`native::Method`."""

    SGD = 0
    ADAM = 1
    ADAMW = 2


class Settings(ctypes.Structure):
    """`native::Settings`."""

    _fields_ = (
        ("rate", c_double),
        ("momentum", c_double),
        ("second_momentum", c_double),
        ("epsilon", c_double),
        ("weight_decay", c_double),
        ("smoothing", c_double),
        ("decay", c_double),
        ("seed", c_uint64),
        ("step", c_uint64),
        ("averaged", c_void_p),
        ("method", c_int32),
    )


class _Parameter(ctypes.Structure):
    _fields_ = (
        *((name, c_void_p) for name in ("value", "gradient", "first", "second", "steps", "average")),
        ("size", c_int64),
    )


class _Statistics(ctypes.Structure):
    _fields_ = tuple(
        (name, c_void_p)
        for name in ("mean", "variance", "batches", "mean_average", "variance_average", "batches_average")
    )


class _Result(ctypes.Structure):
    _fields_ = (("loss_sum", c_double), ("correct", c_int64))


class Parameter(NamedTuple):
    """One weight with all that belongs to it: contiguous float32 of one shape, but for `steps`, which is one number."""

    value: Tensor
    gradient: Tensor | None = None
    first: Tensor | None = None
    """SGD's momentum, or Adam's first moment."""
    second: Tensor | None = None
    steps: Tensor | None = None
    average: Tensor | None = None


class Statistics(NamedTuple):
    """A norm's running statistics, (C,) float32 with () int64, and their averages."""

    mean: Tensor
    variance: Tensor
    batches: Tensor
    mean_average: Tensor | None = None
    variance_average: Tensor | None = None
    batches_average: Tensor | None = None


class BoundTensors:
    """A network's tensors as the library finds them. They stay where they are as long as this lives."""

    def __init__(self, stages: Iterable[tuple[tuple[Parameter | None, ...], Statistics | None]]) -> None:
        """For each compiled stage weight, bias, gamma and beta, None where it has none, and its norm's statistics."""
        self._kept = list(stages)
        self.parameters = (_Parameter * (4 * len(self._kept)))()
        self.statistics = (_Statistics * len(self._kept))()
        for number, (parameters, statistics) in enumerate(self._kept):
            for which, parameter in enumerate(parameters):
                if parameter is not None:
                    addresses = map(_address, parameter)
                    self.parameters[4 * number + which] = _Parameter(*addresses, parameter.value.numel())
            if statistics is not None:
                self.statistics[number] = _Statistics(*map(_address, statistics))


class Library:
    """One network's compiled step, on a number of threads of its own."""

    def __init__(self, functions: ctypes.CDLL, images: int, threads: int) -> None:
        """Room for `images` a step. Raises Unfit where there is no memory for it."""
        _declare(functions)
        self._functions = functions
        self._network = functions.native_open(images, threads)
        if not self._network:
            raise Unsupported(f"there is no memory for a compiled step of {images:,} images")
        self._result = _Result()
        # The result as tensors: to make new ones would take a tenth of a small step.
        self._loss_sum = torch.frombuffer(self._result, dtype=torch.float64, count=1)[0]
        self._correct = torch.frombuffer(
            self._result, dtype=torch.int64, count=1, offset=_Result.correct.offset
        )[0]
        self._losses = torch.zeros(images)
        # Ends the threads, also at the end of the process.
        self.close = weakref.finalize(self, functions.native_close, self._network)

    def step(
        self, bound: BoundTensors, settings: Settings, batch: Batch, targets: Tensor | None = None
    ) -> StepResult:
        """A whole training step. What it returns is overwritten by the next.

        targets: (N, 10) float32 to learn in the labels' place. All are contiguous; N is at most as many as there is
        room for.
        """
        images, labels, weights = batch
        self._functions.native_step(
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
        return StepResult(self._loss_sum, self._correct, losses)

    def logits(self, bound: BoundTensors, images: Tensor, out: Tensor, *, averaged: bool) -> None:
        """Logits (N, 10) in evaluation mode into `out`, of the weights or of their averages."""
        self._functions.native_logits(
            self._network,
            bound.parameters,
            bound.statistics,
            averaged,
            images.data_ptr(),
            len(images),
            out.data_ptr(),
        )

    def warp(
        self, images: Tensor, maps: Tensor | None, out: Tensor, *, bilinear: bool, mean: float, std: float
    ) -> None:
        """(N, 1, 28, 28) uint8 through (N, 2, 3) float32 affine maps, if any, and normalised, into float32 `out`."""
        self._functions.native_warp(
            self._network, images.data_ptr(), _address(maps), len(images), bilinear, mean, std, out.data_ptr()
        )

    def peak_flops(self, seconds: float = 0.2) -> float:
        """Floating-point operations a second of multiply-adds in registers, on all its threads together."""
        return float(self._functions.native_peak(self._network, seconds))


def _address(tensor: Tensor | None) -> int | None:
    if tensor is None:
        return None
    assert tensor.is_contiguous(), "the library knows no strides"
    return tensor.data_ptr()


def _declare(functions: ctypes.CDLL) -> None:
    """Without these, ctypes takes every argument and result for a C int."""
    network, data = c_void_p, c_void_p
    tensors = (POINTER(_Parameter), POINTER(_Statistics))
    functions.native_open.argtypes, functions.native_open.restype = (c_int, c_int), network
    functions.native_close.argtypes, functions.native_close.restype = (network,), None
    functions.native_step.argtypes = (
        network,
        *tensors,
        POINTER(Settings),
        data,
        data,
        data,
        data,
        c_int,
        data,
        POINTER(_Result),
    )
    functions.native_step.restype = None
    functions.native_logits.argtypes = (network, *tensors, c_int, data, c_int, data)
    functions.native_logits.restype = None
    functions.native_warp.argtypes = (network, data, data, c_int, c_int, c_float, c_float, data)
    functions.native_warp.restype = None
    functions.native_peak.argtypes, functions.native_peak.restype = (network, c_double), c_double
