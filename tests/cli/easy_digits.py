"""Digits that are learnt and drawn in a moment, in the place of the synthetic ones; also a program that has them.

`python easy_digits.py train …` is `mnist-tui train …` with these digits, for tests that need a real process.
With EASY_DIGITS_SECONDS it draws that long without a sign of life.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any


def draw(count: int, seed: int, *, progress: Callable[[int], None]) -> tuple[Any, Any]:
    """Ten random pictures over and over; the labels say which. A linear model reads them after a few steps."""
    import torch  # here, as in the real thing: the command line must start without

    time.sleep(float(os.environ.get("EASY_DIGITS_SECONDS", "0")))
    pictures = torch.randint(0, 256, (10, 1, 28, 28), generator=torch.Generator().manual_seed(0))
    labels = (torch.arange(count) + seed) % 10
    progress(count)
    return pictures.to(torch.uint8)[labels], labels


def module() -> ModuleType:
    """What goes into `sys.modules` as mnist_tui.data.synthetic."""
    fake = ModuleType("mnist_tui.data.synthetic")
    fake.draw = draw  # type: ignore[attr-defined]
    return fake


if __name__ in ("__main__", "__mp_main__"):  # the second in the processes of a sweep
    sys.modules["mnist_tui.data.synthetic"] = module()

if __name__ == "__main__":
    sys.argv[0] = "mnist-tui"
    from mnist_tui.cli import main

    main()
