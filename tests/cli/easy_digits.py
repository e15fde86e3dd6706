"""Digits that are learnt and drawn in a moment, in the place of the synthetic ones; also a program that has them.

`python easy_digits.py train …` is `mnist-tui train …` with these digits, for tests that need a real process.
With EASY_DIGITS_SECONDS it draws that long without a sign of life. With EASY_DIGITS_STACKS a SIGUSR1 writes into that
file where each thread is: the dashboard has standard error put aside.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any


def draw(count: int, seed: int, *, progress: Callable[[int], None]) -> tuple[Any, Any]:
    """Ten random pictures over and over; the labels say which. A linear model reads them after a few steps."""
    import numpy as np  # here, as in the real thing: the command line must start without

    time.sleep(float(os.environ.get("EASY_DIGITS_SECONDS", "0")))
    pictures = np.random.default_rng(0).integers(0, 256, (10, 1, 28, 28), dtype=np.uint8)
    labels = (np.arange(count) + seed) % 10
    progress(count)
    return pictures[labels], labels


def module(draw: Callable[..., tuple[Any, Any]] = draw) -> ModuleType:
    """What goes into `sys.modules` as mnist_tui.data.synthetic; nothing is drawn in the background."""
    fake = ModuleType("mnist_tui.data.synthetic")
    background = SimpleNamespace(draw_in_background=nullcontext, take_result=lambda on_wait: None)
    vars(fake).update(draw_digits=draw, PARTS={"train": (60_000, 1), "test": (10_000, 2)}, background=background)
    return fake


if __name__ in ("__main__", "__mp_main__"):  # the second in the processes of a sweep
    sys.modules["mnist_tui.data.synthetic"] = module()

if __name__ == "__main__":
    sys.argv[0] = "mnist-tui"
    if stacks := os.environ.get("EASY_DIGITS_STACKS"):
        faulthandler.register(signal.SIGUSR1, Path(stacks).open("w"))  # noqa: SIM115 - as long as it lives
    from mnist_tui.cli import main

    main()
