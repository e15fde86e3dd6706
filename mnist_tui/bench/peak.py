"""How much this machine can do at best, measured with what it does best: large matrix products."""

from __future__ import annotations

import time

import torch

_SIDE = 1024


def peak_flops(threads: int, seconds: float = 0.5) -> float:
    """Floating-point operations a second of float32 matrix products on the CPU, the best of several."""
    torch.set_num_threads(threads)
    left, right = torch.rand(_SIDE, _SIDE), torch.rand(_SIDE, _SIDE)
    best, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end:
        started = time.perf_counter()
        torch.mm(left, right)
        best = min(best, time.perf_counter() - started)
    return 2 * _SIDE**3 / best
