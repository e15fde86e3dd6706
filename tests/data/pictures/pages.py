"""Pages of several digits: numbers, telephone numbers, lines of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.data.pictures import scenes
from tests.data.pictures.digits import Digit
from tests.data.pictures.scenes import BLACK, Box, Floats, jpeg


@dataclass(frozen=True)
class Page:
    """A picture, and what is on it: lines of labels, and the box of each digit as x, y, width, height."""

    content: bytes
    lines: tuple[tuple[int, ...], ...]
    boxes: tuple[tuple[Box, ...], ...]


def page(
    lines: Sequence[Sequence[Digit]],
    random: np.random.Generator,
    *,
    height: float = 120,
    pen: float = 8,
    size: tuple[int, int] = (900, 600),
    spacing: float = 0.25,
    kind: str = "",
) -> Page:
    """The digits beside each other, so many heights apart; `kind` is what paper it is."""
    sheet = scenes.paper(size)
    if kind == "squared":
        scenes.ruled(sheet, 50, (110, 140, 210), 2, squared=True)
    elif kind == "ruled":
        scenes.ruled(sheet, 60, BLACK, 2, squared=False)
    boxes = []
    for number, line in enumerate(lines):
        inks = [digit.ink(height * random.uniform(0.92, 1.08), pen) for digit in line]
        gap = spacing * height
        left = (size[0] - sum(ink.shape[1] for ink in inks) - gap * (len(inks) - 1)) / 2
        base = size[1] / 2 + (number - (len(lines) - 1) / 2) * 1.5 * height + height / 2
        boxes.append(tuple(_written(sheet, inks, left, base, gap, random, cells=kind == "cells")))
    if kind == "shadow":
        sheet = sheet * scenes.shadow(sheet.shape, "diagonal", 0.5, 8, random)
    if kind == "table":
        sheet = scenes.on_table(sheet, "wood", (80, 80, 80, 80), 0, random)
        boxes = [tuple((x + 80, y + 80, w, h) for x, y, w, h in line) for line in boxes]
    content = jpeg(scenes.photographed(sheet, random))
    return Page(content, tuple(tuple(digit.label for digit in line) for line in lines), tuple(boxes))


def _written(
    sheet: Floats,
    inks: Sequence[scenes.Ink],
    left: float,
    base: float,
    gap: float,
    random: np.random.Generator,
    *,
    cells: bool,
) -> list[Box]:
    boxes: list[Box] = []
    for ink in inks:
        top = base - ink.shape[0] + random.uniform(-0.05, 0.05) * ink.shape[0]
        if cells:
            scenes.framed(
                sheet,
                (left - gap / 2, base - 1.3 * ink.shape[0], ink.shape[1] + gap, 1.6 * ink.shape[0]),
                BLACK,
                2,
            )
        scenes.inked(sheet, ink, left, top)
        boxes.append((round(left), round(top), ink.shape[1], ink.shape[0]))
        left += ink.shape[1] + gap
    return boxes


KINDS: dict[str, tuple[dict[str, Any], list[int]]] = {
    "two": ({}, [2]),
    "four": ({"height": 150}, [4]),
    "a telephone number": ({"height": 60, "pen": 5, "spacing": 0.35}, [11]),
    "three lines": ({"height": 90, "pen": 6}, [5, 3, 4]),
    "squared paper": ({"kind": "squared"}, [3]),
    "ruled paper": ({"kind": "ruled"}, [3]),
    "cells": ({"kind": "cells", "height": 100, "pen": 6, "spacing": 0.5}, [5]),
    "shadow": ({"kind": "shadow"}, [4]),
    "wooden table": ({"kind": "table"}, [4]),
    "close together": ({"spacing": 0.08}, [3]),
    "touching": ({"spacing": -0.08, "height": 150}, [2]),
}
"""How the pages are written, and how many digits are on each line."""
