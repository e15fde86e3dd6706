"""Handwritten-looking digits without a file or a network: drawn from our own stroke skeletons."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from mnist_tui.data.synthetic.curves import alphabet
from mnist_tui.data.synthetic.deform import draw_strokes
from mnist_tui.data.synthetic.render import SIDE, render

BLOCK = 4096
"""Images drawn at once: many, so that threads seldom wait for each other, yet in about 100 MB of memory."""


def draw(count: int, seed: int, *, progress: Callable[[int], None] | None = None) -> tuple[Tensor, Tensor]:
    """Images (count, 1, 28, 28) uint8, white ink on black, and what they show: labels (count,) int64.

    Every class occurs equally often (to within one), in random order. The same `count` and `seed` give the
    same bits, whatever the number of threads; the global random state is neither read nor changed.
    `progress` is told, now and then, how many images are drawn so far.
    """
    random = torch.Generator().manual_seed(seed)
    letters = alphabet()
    labels = torch.randperm(count, generator=random) % 10
    images = torch.empty(count, 1, SIDE, SIDE, dtype=torch.uint8)
    for start in range(0, count, BLOCK):
        block = labels[start : start + BLOCK]
        ways = torch.multinomial(letters.shares[block], 1, generator=random).squeeze(1)
        nodes = draw_strokes(letters, ways, random)
        images[start : start + len(block)] = render(nodes, letters.inked[ways], random)
        if progress:
            progress(start + len(block))
    return images, labels
