"""Digits that look handwritten, drawn from stroke skeletons: the dataset that needs no download.

Nothing here needs torch, so that digits can be drawn while torch is still being loaded (see `background`).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from mnist_tui.config import CLASSES, IMAGE_SHAPE
from mnist_tui.data.synthetic.curves import build_alphabet
from mnist_tui.data.synthetic.deform import draw_strokes
from mnist_tui.data.synthetic.render import render
from mnist_tui.system.cpu import usable_cores

PARTS = {"train": (60_000, 1), "test": (10_000, 2)}
"""The number of images of each split, as in MNIST, and its seed."""

BLOCK = 128
"""Images drawn at once: few enough for a core's cache."""


def draw_digits(
    count: int, seed: int, *, threads: int | None = None, progress: Callable[[int], None] | None = None
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Images (count, 1, 28, 28), white ink on black, and their labels (count,).

    Every class occurs equally often (to within one), in random order. The same `count` and `seed` give the
    same bits, whatever the number of `threads`; the global random state is neither read nor changed.
    `progress` is called now and then with the number of images drawn so far, and may raise to abort.
    """
    labels = np.random.default_rng(seed).permutation(count) % CLASSES
    images = np.empty((count, *IMAGE_SHAPE), dtype=np.uint8)

    def fill(start: int) -> int:
        # Each block has its own random numbers, so that it does not matter which thread draws it, and when.
        end = min(start + BLOCK, count)
        images[start:end, 0] = _draw_block(labels[start:end], np.random.default_rng([seed, start]))
        return end

    pool = ThreadPoolExecutor(threads or usable_cores())
    try:
        for done in pool.map(fill, range(0, count, BLOCK)):
            if progress:
                progress(done)
    finally:
        pool.shutdown(cancel_futures=True)
    return images, labels


def _draw_block(labels: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.uint8]:
    letters = build_alphabet()
    # For each label one of its allographs, by their shares: the first whose sum of shares exceeds a random number.
    ways = (letters.sums[labels] > random.random((len(labels), 1), dtype=np.float32)).argmax(axis=1)
    return render(draw_strokes(letters, ways, random), letters.inked[ways], random)
