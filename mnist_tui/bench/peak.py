"""The peak speed of this machine, measured with the operation that it is fastest at."""

from __future__ import annotations

import time
from collections.abc import Iterable

import torch

from mnist_tui.training.backends.base import Backend
from mnist_tui.training.backends.native import NativeBackend

_SIDE = 1024


class Peak:
    """Multiply-adds in registers if a native backend has been compiled, else large matrix products."""

    def __init__(self, backends: Iterable[Backend | None], threads: int) -> None:
        self._native = next((backend for backend in backends if isinstance(backend, NativeBackend)), None)
        self._threads = threads
        self.what = "multiply-adds in registers" if self._native else "matrix products"

    def flops(self) -> float:
        """Floating-point operations per second, float32, on the CPU."""
        if self._native is None:
            return _matrix_products(self._threads)
        self._native.use_threads(self._threads)
        return self._native.peak_flops()


def _matrix_products(threads: int, seconds: float = 0.5) -> float:
    """The best of several."""
    torch.set_num_threads(threads)
    left, right = torch.rand(_SIDE, _SIDE), torch.rand(_SIDE, _SIDE)
    best, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end:
        started = time.perf_counter()
        torch.mm(left, right)
        best = min(best, time.perf_counter() - started)
    return 2 * _SIDE**3 / best
