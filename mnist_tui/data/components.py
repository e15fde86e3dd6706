"""Connected pieces of a mask, without a loop over its pixels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.intp]


def pieces(mask: Mask) -> tuple[Labels, int]:
    """Labels (H, W): 0 outside `mask`, else the number from 1 of the piece; and how many there are.

    Pixels that touch at a side or a corner belong together. Every pixel points to a smaller one of its piece, and
    pointers are followed until nothing changes (Shiloach and Vishkin, 1982).
    """
    number = np.full(mask.shape, -1, dtype=np.intp)
    number[mask] = np.arange(np.count_nonzero(mask))
    first, second = _neighbours(number)
    root = np.arange(np.count_nonzero(mask))
    while True:
        lower, higher = np.minimum(root[first], root[second]), np.maximum(root[first], root[second])
        apart = lower != higher
        if not apart.any():
            break
        np.minimum.at(root, higher[apart], lower[apart])
        while not np.array_equal(shorter := root[root], root):
            root = shorter
    names, inverse = np.unique(root, return_inverse=True)
    labels = np.zeros(mask.shape, dtype=np.intp)
    labels[mask] = inverse + 1
    return labels, len(names)


def _neighbours(number: Labels) -> tuple[Labels, Labels]:
    """Every pair of mask pixels that touch, once."""
    pairs = (
        (number[:, :-1], number[:, 1:]),
        (number[:-1], number[1:]),
        (number[:-1, :-1], number[1:, 1:]),
        (number[:-1, 1:], number[1:, :-1]),
    )
    both = [(first >= 0) & (second >= 0) for first, second in pairs]
    firsts = [first[there] for (first, _), there in zip(pairs, both, strict=True)]
    seconds = [second[there] for (_, second), there in zip(pairs, both, strict=True)]
    return np.concatenate(firsts), np.concatenate(seconds)
