"""Rectangles around something: boxes, cells, grids."""

from __future__ import annotations

import cv2
import numpy as np

from mnist_tui.data.pictures.histograms import Labels, Mask
from mnist_tui.data.pictures.ink import find_components

# What is in a frame has at least this share of its height, and so many pixels. A frame's hull fills its rectangle to
# this share; an oval's only to 0.79.
_FILLED, _LOWEST_FILLED, _RECTANGULAR = 0.25, 8, 0.88


def find_frames(mask: Mask) -> Mask:
    """The pieces of a mask that are rectangles around other pieces: boxes, cells, whole grids."""
    frames = np.zeros_like(mask)
    contours, hierarchy = cv2.findContours(mask, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)
    if hierarchy is None:
        return frames
    parents = hierarchy[0, :, 3]
    around = {
        int(parents[parents[number]])
        for number, contour in enumerate(contours)
        if parents[number] >= 0 and parents[parents[number]] >= 0 and _fills(contour, contours[parents[number]])
    }
    around = {number for number in around if _is_rectangular(contours[number])}
    if not around:
        return frames
    _, labels, _ = find_components(mask)
    for number in around:
        column, row = contours[number][0, 0]
        frames[labels == labels[row, column]] = 1
    return frames


def _fills(contour: Labels, hole: Labels) -> bool:
    """Whether what is in a hole is large enough for a digit, and not a rest of noise."""
    height, room = cv2.boundingRect(contour)[3], cv2.boundingRect(hole)[3]
    return height >= max(_LOWEST_FILLED, _FILLED * room)


def _is_rectangular(contour: Labels) -> bool:
    """Whether its hull is one: that of a 0 around a speck is not."""
    hull = cv2.convexHull(contour)
    width, height = cv2.minAreaRect(hull)[1]
    return cv2.contourArea(hull) > _RECTANGULAR * width * height
