"""The conditions of the campaign: ways in which a picture of a digit differs from MNIST's, each with its parameters.

Every family has two sets of parameters: one that the method was tuned on, and one held out.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from PIL import Image

from tests.data.pictures import scenes
from tests.data.pictures.digits import Digit
from tests.data.pictures.scenes import (
    BLACK,
    CREAM,
    NAVY,
    WHITE,
    Color,
    Floats,
    jpeg,
    png,
)

Random = np.random.Generator
Paint = Callable[[Digit | None, Random], bytes]

SIZE = (600, 600)


@dataclass(frozen=True)
class Condition:
    """A way to make a picture of a digit, or of none: then it is the empty page."""

    family: str
    name: str
    paint: Paint
    has_empty: bool = True
    """Whether the page without a digit is worth asking about."""


def _write(
    page: Floats,
    digit: Digit | None,
    random: Random,
    share: float = 0.55,
    pen: float = 11,
    color: Color = NAVY,
    wander: float = 0.06,
) -> None:
    if digit is not None:
        at = (0.5 + random.uniform(-wander, wander), 0.5 + random.uniform(-wander, wander))
        scenes.written(page, digit, share * min(page.shape[:2]), pen, color, at)


# --- Clean paper ---------------------------------------------------------------------------------------------------


def _clean(
    digit: Digit | None,
    random: Random,
    *,
    size: tuple[int, int] = SIZE,
    share: float = 0.55,
    pen: float = 11,
    ink: Color = NAVY,
    on: Color = CREAM,
    noise: float = 3,
    blur: float = 0.8,
    quality: int = 88,
    light: float = 1,
    wander: float = 0.06,
    specks: int = 0,
) -> bytes:
    page = scenes.paper(size, on)
    _write(page, digit, random, share, pen, ink, wander)
    for _ in range(specks):
        x, y = random.uniform(0, size[0]), random.uniform(0, size[1])
        scenes.lined(page, (x, y), (x + 2, y + 1), ink, int(random.integers(2, 5)))
    return jpeg(scenes.photographed(page * scenes.uneven(page.shape, light, random), random, noise, blur), quality)


def _digital(
    digit: Digit | None, random: Random, *, form: str, size: tuple[int, int] = (400, 400), pen: float = 14
) -> bytes:
    """No camera: a drawing program's file."""
    page = scenes.paper(size, WHITE)
    _write(page, digit, random, 0.6, pen, (0, 0, 0))
    pixels = np.rint(255 * page).astype(np.uint8)
    ink = 255 - pixels[:, :, 0]
    if form == "transparent":
        return png(np.dstack([np.zeros_like(pixels), ink]))
    if form == "transparent white ink":
        return png(np.dstack([np.full_like(pixels, 255), ink]))
    if form == "inverted":
        return png(ink)
    if form == "gif":
        return scenes.saved(Image.fromarray(pixels).convert("P"), "GIF")
    if form == "one bit":
        return scenes.saved(Image.fromarray(pixels).convert("1", dither=Image.Dither.NONE), "PNG")
    if form == "16 bits":
        return png(pixels[:, :, 0].astype(np.uint16) * 11 + 90)
    if form == "16 bits, one saturated pixel":
        deep = pixels[:, :, 0].astype(np.uint16) * 8 + 60
        deep[int(random.integers(0, size[1])), int(random.integers(0, size[0]))] = 65535
        return png(deep)
    if form == "16 bits, dead and hot pixels":
        deep = ink.astype(np.uint16) * 20 + 3000
        for value in (0, 65535, 65535):
            deep[int(random.integers(0, size[1])), int(random.integers(0, size[0]))] = value
        return png(deep)
    if form.startswith("exif"):
        orientation = int(form[-1])
        undo = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
        exif = Image.Exif()
        exif[0x0112] = orientation
        turned = Image.fromarray(pixels).transpose(undo[orientation])
        return scenes.saved(turned, "JPEG", quality=92, exif=exif)
    return png(pixels)


CLEAN: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "as it is": ({}, {"size": (640, 480)}),
    "pen of 5 px": ({"pen": 5}, {"pen": 6}),
    "pen of 8 px": ({"pen": 8}, {"pen": 9}),
    "pen of 20 px": ({"pen": 20}, {"pen": 16}),
    "pen of 35 px": ({"pen": 35}, {"pen": 30}),
    "pencil": ({"ink": (125, 125, 128), "pen": 6}, {"ink": (140, 140, 140), "pen": 8}),
    "red ink": ({"ink": (200, 30, 40)}, {"ink": (220, 40, 90)}),
    "green ink": ({"ink": (30, 140, 60)}, {"ink": (70, 160, 90)}),
    "blue ink": ({"ink": (40, 80, 200)}, {"ink": (70, 120, 220)}),
    "orange on blue": ({"ink": (240, 150, 40), "on": (60, 80, 160)}, {"ink": (250, 180, 60), "on": (40, 110, 170)}),
    "gold on light green": (
        {"ink": (255, 215, 0), "on": (144, 238, 144)},
        {"ink": (230, 120, 120), "on": (130, 170, 130)},
    ),
    "blackboard": ({"ink": (235, 235, 230), "on": (40, 60, 50)}, {"ink": (240, 240, 210), "on": (30, 30, 35)}),
    "kraft paper": ({"ink": (40, 25, 20), "on": (190, 150, 105)}, {"ink": (60, 40, 30), "on": (170, 130, 90)}),
    "weak contrast": ({"ink": (185, 185, 190), "on": (230, 230, 228)}, {"ink": (195, 190, 185), "on": (235, 235, 235)}),
    "dark photo": ({"ink": (10, 10, 14), "on": (70, 68, 64)}, {"ink": (14, 10, 10), "on": (90, 84, 80)}),
    "noise 10": ({"noise": 10}, {"noise": 13}),
    "noise 20": ({"noise": 20}, {"noise": 25}),
    "blur 2": ({"blur": 2}, {"blur": 2.6}),
    "blur 4": ({"blur": 4}, {"blur": 5}),
    "JPEG 40": ({"quality": 40}, {"quality": 30}),
    "JPEG 15": ({"quality": 15}, {"quality": 10}),
    "light falls to 60 %": ({"light": 0.6}, {"light": 0.7}),
    "light falls to 35 %": ({"light": 0.35}, {"light": 0.42}),
    "anywhere": ({"share": 0.3, "wander": 0.3}, {"share": 0.35, "wander": 0.27}),
    "small": ({"share": 0.15, "pen": 5, "wander": 0.3}, {"share": 0.12, "pen": 5, "wander": 0.3}),
    "very small": ({"share": 0.07, "pen": 4, "wander": 0.3}, {"share": 0.08, "pen": 3, "wander": 0.3}),
    "large": ({"share": 0.88, "pen": 16, "wander": 0.01}, {"share": 0.84, "pen": 20, "wander": 0.02}),
    "picture of 80 px": (
        {"size": (80, 80), "pen": 4, "noise": 2, "blur": 0.4},
        {"size": (100, 70), "pen": 4, "noise": 2, "blur": 0.4},
    ),
    "tall picture": ({"size": (500, 1100)}, {"size": (420, 1000)}),
    "wide picture": ({"size": (1200, 400), "wander": 0.1}, {"size": (1000, 360), "wander": 0.12}),
    "large picture": ({"size": (2000, 1500), "pen": 28}, {"size": (1800, 1800), "pen": 24}),
    "specks": ({"specks": 12}, {"specks": 20}),
}  # fmt: skip
DIGITAL = (
    ("transparent", "exif 6", "gif", "16 bits", "16 bits, one saturated pixel", "inverted"),
    ("transparent white ink", "exif 3", "exif 8", "one bit", "16 bits, dead and hot pixels", "inverted"),
)

# --- Paper on a table, scans ---------------------------------------------------------------------------------------


def _table(
    digit: Digit | None,
    random: Random,
    *,
    kind: str,
    margin: float,
    angle: float = 0,
    sides: int = 4,
    share: float = 0.55,
    pen: float = 11,
    light: float = 1.0,
    on: Color = CREAM,
    jitter: float = 0.2,
    size: tuple[int, int] = SIZE,
) -> bytes:
    page = scenes.paper(size, on)
    _write(page, digit, random, share, pen)
    shown = random.permutation(4)[:sides] if sides < 4 else np.arange(4)
    cut = -8 if angle == 0 else 0
    margins = [margin * random.uniform(1 - jitter, 1 + jitter) if side in shown else cut for side in range(4)]
    turn = angle * random.choice([-1, 1])
    scene = scenes.on_table(page, kind, tuple(margins), turn, random)  # type: ignore[arg-type]
    return jpeg(scenes.photographed(scene * scenes.uneven(scene.shape, light, random), random))


DARK, BLUE, GREEN = "52,40,35", "40,60,110", "60,100,70"
TABLES: tuple[list[dict[str, Any]], list[dict[str, Any]]] = (
    [
        {"kind": "111,72,48", "margin": 15},
        {"kind": "111,72,48", "margin": 40},
        {"kind": "111,72,48", "margin": 80},
        {"kind": "111,72,48", "margin": 120},
        {"kind": "wood", "margin": 60},
        {"kind": "wood", "margin": 120},
        {"kind": "wood-light", "margin": 100},
        {"kind": DARK, "margin": 200},
        {"kind": "160,160,160", "margin": 120},
        {"kind": "205,195,180", "margin": 100},
        {"kind": BLUE, "margin": 120, "angle": 10},
        {"kind": "wood", "margin": 120, "angle": 20},
        {"kind": DARK, "margin": 140, "angle": 30},
        {"kind": "160,160,160", "margin": 140, "angle": 15},
        {"kind": "wood", "margin": 120, "sides": 1},
        {"kind": DARK, "margin": 120, "sides": 1},
        {"kind": "111,72,48", "margin": 120, "sides": 2},
        {"kind": "wood", "margin": 90, "sides": 3},
        {"kind": "wood", "margin": 120, "angle": 12, "light": 0.55},
        {"kind": DARK, "margin": 120, "on": (235, 220, 120)},
        {"kind": "wood", "margin": 120, "angle": 8, "size": (800, 560)},
    ],
    [
        {"kind": "90,60,45", "margin": 25},
        {"kind": "90,60,45", "margin": 60},
        {"kind": "100,66,40", "margin": 150},
        {"kind": "wood-red", "margin": 90},
        {"kind": "wood-red", "margin": 180},
        {"kind": "wood-light", "margin": 130},
        {"kind": "20,20,22", "margin": 250},
        {"kind": "140,140,150", "margin": 90},
        {"kind": "190,180,170", "margin": 140},
        {"kind": GREEN, "margin": 120, "angle": 7},
        {"kind": "wood-red", "margin": 130, "angle": 25},
        {"kind": "30,30,40", "margin": 160, "angle": 28},
        {"kind": "wood-light", "margin": 140, "angle": 18},
        {"kind": "wood-red", "margin": 150, "sides": 1},
        {"kind": "140,140,150", "margin": 100, "sides": 1},
        {"kind": "wood-red", "margin": 100, "sides": 2},
        {"kind": DARK, "margin": 70, "sides": 3},
        {"kind": DARK, "margin": 120, "angle": 15, "light": 0.6},
        {"kind": "wood", "margin": 120, "on": (200, 220, 240)},
        {"kind": "220,220,220", "margin": 110, "angle": 10},
        {"kind": DARK, "margin": 100, "angle": 22, "size": (520, 760)},
    ],
)


def _scan(
    digit: Digit | None,
    random: Random,
    *,
    margin: int,
    sides: tuple[int, ...],
    angle: float = 0,
    color: Color = (4, 4, 4),
) -> bytes:
    page = scenes.paper(SIZE, (247, 246, 242))
    _write(page, digit, random)
    margins = tuple(margin if side in sides else 0 for side in range(4))
    kind = ",".join(map(str, color))
    scene = scenes.on_table(page, kind, margins, angle * random.choice([-1, 1]), random)  # type: ignore[arg-type]
    return jpeg(scenes.photographed(scene, random, 2, 0.6))


SCANS: tuple[list[dict[str, Any]], list[dict[str, Any]]] = (
    [
        {"margin": 20, "sides": (0, 1, 2, 3)},
        {"margin": 60, "sides": (0, 1, 2, 3)},
        {"margin": 60, "sides": (0, 1)},
        {"margin": 120, "sides": (2,)},
        {"margin": 40, "sides": (0, 1, 2, 3), "angle": 3},
    ],
    [
        {"margin": 35, "sides": (0, 1, 2, 3)},
        {"margin": 100, "sides": (0, 1, 2, 3)},
        {"margin": 8, "sides": (0, 3)},
        {"margin": 80, "sides": (1, 3)},
        {"margin": 60, "sides": (0, 1, 2, 3), "angle": 5},
    ],
)

# --- Shadows -------------------------------------------------------------------------------------------------------


def _shadow(
    digit: Digit | None,
    random: Random,
    *,
    kind: str,
    light: float,
    softness: float,
    pen: float = 11,
    ink: Color = NAVY,
) -> bytes:
    page = scenes.paper(SIZE)
    _write(page, digit, random, pen=pen, color=ink)
    return jpeg(scenes.photographed(page * scenes.shadow(page.shape, kind, light, softness, random), random))


SHADOWS: tuple[list[dict[str, Any]], list[dict[str, Any]]] = (
    [
        {"kind": "half", "light": 0.7, "softness": 0},
        {"kind": "half", "light": 0.5, "softness": 8},
        {"kind": "half", "light": 0.4, "softness": 0},
        {"kind": "diagonal", "light": 0.6, "softness": 0},
        {"kind": "diagonal", "light": 0.5, "softness": 25},
        {"kind": "diagonal", "light": 0.4, "softness": 8},
        {"kind": "diagonal", "light": 0.5, "softness": 8},
        {"kind": "top", "light": 0.5, "softness": 60},
        {"kind": "corner", "light": 0.5, "softness": 4},
        {"kind": "fingers", "light": 0.7, "softness": 8},
        {"kind": "fingers", "light": 0.5, "softness": 8},
        {"kind": "fingers", "light": 0.4, "softness": 0},
        {"kind": "fingers", "light": 0.5, "softness": 30},
        {"kind": "diagonal", "light": 0.6, "softness": 8, "pen": 6, "ink": (70, 70, 75)},
        {"kind": "finger", "light": 0.5, "softness": 10},
        {"kind": "finger", "light": 0.4, "softness": 0, "pen": 7},
    ],
    [
        {"kind": "half", "light": 0.6, "softness": 3},
        {"kind": "half", "light": 0.4, "softness": 15},
        {"kind": "top", "light": 0.45, "softness": 0},
        {"kind": "diagonal", "light": 0.55, "softness": 2},
        {"kind": "diagonal", "light": 0.4, "softness": 40},
        {"kind": "diagonal", "light": 0.4, "softness": 0},
        {"kind": "corner", "light": 0.4, "softness": 0},
        {"kind": "corner", "light": 0.6, "softness": 50},
        {"kind": "fingers", "light": 0.6, "softness": 0},
        {"kind": "fingers", "light": 0.4, "softness": 12},
        {"kind": "fingers", "light": 0.45, "softness": 5},
        {"kind": "half", "light": 0.5, "softness": 8, "pen": 6, "ink": (50, 90, 190)},
        {"kind": "finger", "light": 0.42, "softness": 3},
        {"kind": "fingers", "light": 0.42, "softness": 0, "pen": 16, "ink": (50, 90, 190)},
    ],
)

# --- Thin pens -----------------------------------------------------------------------------------------------------


def _thin(
    digit: Digit | None, random: Random, *, side: int, pen: int, share: float = 0.7, camera: bool = False
) -> bytes:
    page = scenes.paper((side, side), WHITE)
    _write(page, digit, random, share, pen, (0, 0, 0), 0.04)
    if camera:
        return jpeg(scenes.photographed(page, random, 2, 0.4))
    return png(np.rint(255 * page[:, :, 0]).astype(np.uint8))


THIN: tuple[list[dict[str, Any]], list[dict[str, Any]]] = (
    [
        {"side": 300, "pen": 1},
        {"side": 600, "pen": 1},
        {"side": 800, "pen": 2},
        {"side": 1000, "pen": 1},
        {"side": 1000, "pen": 3},
        {"side": 1600, "pen": 2},
        {"side": 2000, "pen": 1},
        {"side": 2000, "pen": 3},
        {"side": 800, "pen": 3, "camera": True},
        {"side": 600, "pen": 2, "share": 0.35},
    ],
    [
        {"side": 400, "pen": 1},
        {"side": 500, "pen": 2},
        {"side": 900, "pen": 1},
        {"side": 1200, "pen": 2},
        {"side": 1500, "pen": 1},
        {"side": 1800, "pen": 1, "share": 0.5},
        {"side": 2000, "pen": 2},
        {"side": 1100, "pen": 3, "share": 0.9},
        {"side": 1200, "pen": 4, "camera": True},
        {"side": 600, "pen": 1, "share": 0.25},
    ],
)

# --- Boxes and forms -----------------------------------------------------------------------------------------------


def _boxed(
    digit: Digit | None,
    random: Random,
    *,
    around: float,
    width: int,
    color: Color = BLACK,
    share: float = 0.5,
    pen: float = 11,
    aspect: float = 1.0,
    angle: float = 0.0,
) -> bytes:
    """A box `around` times as high as the digit."""
    page = scenes.paper(SIZE)
    height = share * SIZE[1]
    reach = around * height
    scenes.framed(page, (300 - reach * aspect / 2, 300 - reach / 2, reach * aspect, reach), color, width)
    _write(
        page,
        digit,
        random,
        share,
        pen,
        wander=max(0.0, (around - 1) * share / 2 - 0.04) if around < 1.4 else 0.03,
    )
    if angle:
        turn = cv2.getRotationMatrix2D((300, 300), angle * random.choice([-1, 1]), 1.0)
        page = cv2.warpAffine(page, turn, SIZE, borderMode=cv2.BORDER_REPLICATE)
    return jpeg(scenes.photographed(page, random))


def _cells(
    digit: Digit | None,
    random: Random,
    *,
    cell: float,
    width: int,
    color: Color = BLACK,
    fill: float = 0.7,
    pen: float = 9,
) -> bytes:
    """A row of a form's cells, one of them filled in."""
    page = scenes.paper(SIZE)
    for number in range(-1, 3):
        scenes.framed(
            page,
            (300 - cell / 2 + number * cell, 300 - cell * 0.6, cell, cell * 1.2),
            color,
            width,
        )
    if digit is not None:
        at = (0.5 + random.uniform(-0.02, 0.02), 0.5 + random.uniform(-0.02, 0.02))
        scenes.written(page, digit, fill * cell * 1.2, pen, NAVY, at)
    return jpeg(scenes.photographed(page, random))


BOXES: tuple[list[dict[str, Any]], list[dict[str, Any]]] = (
    [
        {"around": 1.7, "width": 3},
        {"around": 1.3, "width": 3},
        {"around": 1.12, "width": 3},
        {"around": 1.5, "width": 6},
        {"around": 1.5, "width": 10},
        {"around": 1.5, "width": 3, "color": (170, 170, 175)},
        {"around": 1.4, "width": 4, "color": (200, 60, 60)},
        {"around": 1.02, "width": 4},
        {"around": 1.5, "width": 3, "angle": 4},
        {"around": 1.8, "width": 1},
    ],
    [
        {"around": 1.9, "width": 2},
        {"around": 1.4, "width": 4, "aspect": 0.9},
        {"around": 1.2, "width": 2},
        {"around": 1.6, "width": 8},
        {"around": 1.35, "width": 12, "color": (60, 60, 60)},
        {"around": 1.6, "width": 2, "color": (120, 150, 120)},
        {"around": 1.3, "width": 3, "color": (80, 110, 220)},
        {"around": 1.05, "width": 3},
        {"around": 1.4, "width": 4, "angle": 7},
        {"around": 1.6, "width": 3, "aspect": 1.6},
    ],
)
CELLS: tuple[list[dict[str, Any]], list[dict[str, Any]]] = (
    [
        {"cell": 180, "width": 3},
        {"cell": 260, "width": 4, "fill": 0.8},
        {"cell": 140, "width": 2, "pen": 7},
        {"cell": 200, "width": 3, "fill": 0.98},
    ],
    [
        {"cell": 160, "width": 4, "color": (180, 60, 60)},
        {"cell": 220, "width": 2, "fill": 0.85},
        {"cell": 190, "width": 6},
        {"cell": 240, "width": 3, "fill": 0.95},
    ],
)

# --- Squared and ruled paper, underlines ---------------------------------------------------------------------------


def _rules(
    digit: Digit | None,
    random: Random,
    *,
    pitch: float,
    color: Color,
    width: int,
    squared: bool,
    share: float = 0.55,
    pen: float = 11,
    angle: float = 0.0,
    margin: bool = False,
    ink: Color = NAVY,
    light: float = 1.0,
) -> bytes:
    page = scenes.paper(SIZE)
    offset = (random.uniform(0, 1), random.uniform(0, 1))
    turn = angle * random.choice([-1, 1])
    scenes.ruled(page, pitch, color, width, squared=squared, offset=offset, angle=turn)
    if margin:
        scenes.lined(page, (80, 0), (80, 600), (210, 70, 70), width)
    _write(page, digit, random, share, pen, ink)
    return jpeg(scenes.photographed(page * scenes.uneven(page.shape, light, random), random))


SQUARED: tuple[list[dict[str, Any]], list[dict[str, Any]]] = (
    [
        {"pitch": 50, "color": (150, 175, 225), "width": 2},
        {"pitch": 50, "color": (110, 140, 210), "width": 3},
        {"pitch": 50, "color": (90, 90, 100), "width": 2},
        {"pitch": 50, "color": (40, 40, 45), "width": 2},
        {"pitch": 40, "color": (20, 20, 20), "width": 3},
        {"pitch": 70, "color": (60, 60, 60), "width": 4},
        {"pitch": 30, "color": (120, 160, 130), "width": 2},
        {"pitch": 50, "color": (220, 110, 100), "width": 2},
        {"pitch": 50, "color": (110, 140, 210), "width": 2, "angle": 4},
        {"pitch": 45, "color": (90, 90, 100), "width": 2, "light": 0.55},
        {"pitch": 55, "color": (90, 90, 100), "width": 2, "pen": 7},
        {"pitch": 100, "color": (90, 90, 100), "width": 3},
        {"pitch": 50, "color": (235, 190, 120), "width": 2, "pen": 7},
    ],
    [
        {"pitch": 60, "color": (170, 190, 230), "width": 2},
        {"pitch": 42, "color": (90, 120, 200), "width": 3},
        {"pitch": 56, "color": (70, 70, 80), "width": 2},
        {"pitch": 46, "color": (15, 15, 15), "width": 2},
        {"pitch": 64, "color": (30, 30, 30), "width": 4},
        {"pitch": 80, "color": (90, 60, 50), "width": 5},
        {"pitch": 34, "color": (160, 120, 160), "width": 2},
        {"pitch": 44, "color": (100, 180, 120), "width": 3},
        {"pitch": 52, "color": (80, 80, 90), "width": 2, "angle": 7},
        {"pitch": 58, "color": (130, 150, 200), "width": 2, "light": 0.5},
        {"pitch": 48, "color": (60, 60, 70), "width": 1, "pen": 5},
        {"pitch": 26, "color": (110, 140, 210), "width": 1},
        {"pitch": 54, "color": (200, 120, 190), "width": 3, "ink": (20, 20, 20)},
    ],
)
RULED: tuple[list[dict[str, Any]], list[dict[str, Any]]] = (
    [
        {"pitch": 60, "color": (110, 140, 210), "width": 2},
        {"pitch": 60, "color": (20, 20, 20), "width": 2},
        {"pitch": 80, "color": (20, 20, 20), "width": 4},
        {"pitch": 45, "color": (120, 120, 125), "width": 3},
        {"pitch": 70, "color": (110, 140, 210), "width": 2, "angle": 5},
        {"pitch": 60, "color": (110, 140, 210), "width": 2, "margin": True},
    ],
    [
        {"pitch": 50, "color": (150, 175, 225), "width": 3},
        {"pitch": 75, "color": (30, 30, 35), "width": 3},
        {"pitch": 110, "color": (15, 15, 15), "width": 5},
        {"pitch": 36, "color": (90, 150, 110), "width": 2},
        {"pitch": 64, "color": (60, 60, 60), "width": 2, "angle": 8},
        {"pitch": 90, "color": (120, 150, 220), "width": 3, "margin": True},
    ],
)


def _underlined(
    digit: Digit | None,
    random: Random,
    *,
    gap: float,
    width: int,
    length: float,
    color: Color = NAVY,
    twice: bool = False,
) -> bytes:
    page = scenes.paper(SIZE)
    foot = 300 + 0.25 * 600 + gap
    for number in range(2 if twice else 1):
        tilt = random.uniform(-6, 6)
        y = foot + 16 * number
        scenes.lined(page, (300 - length / 2, y + tilt), (300 + length / 2, y - tilt), color, width)
    if digit is not None:
        scenes.written(page, digit, 300, 11, NAVY)
    return jpeg(scenes.photographed(page, random))


UNDERLINES: tuple[list[dict[str, Any]], list[dict[str, Any]]] = (
    [
        {"gap": 40, "width": 10, "length": 300},
        {"gap": 20, "width": 3, "length": 400, "color": BLACK},
        {"gap": 30, "width": 10, "length": 240, "twice": True},
        {"gap": 60, "width": 4, "length": 560, "color": (110, 140, 210)},
    ],
    [
        {"gap": 50, "width": 8, "length": 350},
        {"gap": 24, "width": 4, "length": 300, "color": BLACK},
        {"gap": 36, "width": 6, "length": 280, "twice": True},
        {"gap": 10, "width": 3, "length": 600, "color": (90, 90, 90)},
    ],
)

# --- Saved plots ---------------------------------------------------------------------------------------------------

_VIRIDIS = np.array([(68, 1, 84), (62, 74, 137), (38, 130, 142), (53, 183, 121), (181, 222, 43), (253, 231, 37)]) / 255
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def _plot(
    digit: Digit | None,
    random: Random,
    *,
    colors: str,
    ticks: bool = True,
    title: bool = False,
    size: int = 480,
) -> bytes:
    """What `plt.imshow(digit); plt.savefig(...)` leaves: white, axes with ticks and numbers, large square pixels."""
    width, height = round(size * 4 / 3), size
    page = np.full((height, width, 3), 1.0, np.float32)
    side = round(0.77 * size)
    left, top = (width - side) // 2, round(0.115 * size)
    small = np.zeros((28, 28), np.float32)
    if digit is not None:
        ink = digit.ink(200, 24)
        scale = 20 / max(ink.shape)
        fit = cv2.resize(
            ink,
            (max(1, round(ink.shape[1] * scale)), max(1, round(ink.shape[0] * scale))),
            interpolation=cv2.INTER_AREA,
        )
        y, x = (28 - fit.shape[0]) // 2, (28 - fit.shape[1]) // 2
        small[y : y + fit.shape[0], x : x + fit.shape[1]] = fit
    large = cv2.resize(small, (side, side), interpolation=cv2.INTER_NEAREST)
    if colors == "viridis":
        steps = np.clip(large, 0, 1) * 5
        shown = np.stack([np.interp(steps, np.arange(6), _VIRIDIS[:, channel]) for channel in range(3)], axis=2)
    else:
        shown = np.repeat((large if colors == "gray" else 1 - large)[:, :, None], 3, axis=2)
    page[top : top + side, left : left + side] = shown
    scenes.framed(page, (left, top, side, side), (0, 0, 0), 1)
    text = np.zeros((height, width), np.uint8)
    if ticks:
        for value in range(0, 28, 5):
            place = round((value + 0.5) / 28 * side)
            cv2.line(text, (left + place, top + side), (left + place, top + side + 4), 255, 1)
            cv2.line(text, (left, top + place), (left - 4, top + place), 255, 1)
            cv2.putText(text, str(value), (left + place - 5, top + side + 20), _FONT, 0.42, 255, 1, cv2.LINE_AA)
            cv2.putText(text, str(value), (left - 26, top + place + 5), _FONT, 0.42, 255, 1, cv2.LINE_AA)
    if title:
        cv2.putText(
            text,
            "label: " + str(random.integers(0, 10)),
            (left + 90, top - 14),
            _FONT,
            0.6,
            255,
            1,
            cv2.LINE_AA,
        )
    scenes.inked(page, text.astype(np.float32) / 255, 0, 0, (0, 0, 0))
    return png(np.rint(255 * page).astype(np.uint8))


PLOTS: tuple[list[dict[str, Any]], list[dict[str, Any]]] = (
    [
        {"colors": "viridis"},
        {"colors": "gray"},
        {"colors": "gray_r"},
        {"colors": "viridis", "title": True},
    ],
    [
        {"colors": "viridis", "size": 400},
        {"colors": "gray", "title": True, "size": 600},
        {"colors": "gray_r", "title": True},
        {"colors": "gray", "ticks": False},
    ],
)

# --- Together ------------------------------------------------------------------------------------------------------


def conditions(held: bool) -> Iterator[Condition]:
    """All conditions: those that the method was tuned on, or the held-out ones."""
    half = int(held)
    for name, parameters in CLEAN.items():
        yield Condition("clean", name, functools.partial(_clean, **parameters[half]))
    for form in DIGITAL[half]:
        yield Condition(
            "clean",
            form,
            functools.partial(_digital, form=form),
            has_empty=form not in ("transparent", "transparent white ink"),
        )
    families: tuple[tuple[str, Callable[..., bytes], list[dict[str, Any]]], ...] = (
        ("table", _table, TABLES[half]),
        ("scan border", _scan, SCANS[half]),
        ("shadow", _shadow, SHADOWS[half]),
        ("thin pen", _thin, THIN[half]),
        ("box", _boxed, BOXES[half]),
        ("cells", _cells, CELLS[half]),
        ("squared", functools.partial(_rules, squared=True), SQUARED[half]),
        ("ruled", functools.partial(_rules, squared=False), RULED[half]),
        ("underline", _underlined, UNDERLINES[half]),
        ("plot", _plot, PLOTS[half]),
    )
    for family, paint, settings in families:
        for setting in settings:
            name = ", ".join(f"{key} {value}" for key, value in setting.items())
            yield Condition(
                family,
                name,
                functools.partial(paint, **setting),
                has_empty=family not in ("underline", "plot"),
            )
