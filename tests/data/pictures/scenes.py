"""Paper, rules, light, tables and cameras: what is around a digit on a picture."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from tests.data.pictures.digits import Digit, Ink

Floats = npt.NDArray[np.float32]
"""(H, W, 3), from 0 to 1."""
Color = tuple[int, int, int]
Box = tuple[float, float, float, float]

WHITE, CREAM, NAVY, BLACK = (255, 255, 255), (245, 243, 236), (25, 28, 60), (15, 15, 15)


def paper(size: tuple[int, int], color: Color = CREAM) -> Floats:
    """(width, height) of one color."""
    return np.full((size[1], size[0], 3), np.array(color, np.float32) / 255, np.float32)


def inked(page: Floats, ink: Ink, left: float, top: float, color: Color = NAVY) -> None:
    """Lay `ink` on the page, as far as it is on it."""
    left, top = round(left), round(top)
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(page.shape[1], left + ink.shape[1]), min(page.shape[0], top + ink.shape[0])
    if x1 <= x0 or y1 <= y0:
        return
    part = ink[y0 - top : y1 - top, x0 - left : x1 - left, None]
    page[y0:y1, x0:x1] = page[y0:y1, x0:x1] * (1 - part) + part * (np.array(color, np.float32) / 255)


def written(
    page: Floats,
    digit: Digit,
    height: float,
    pen: float,
    color: Color = NAVY,
    at: tuple[float, float] = (0.5, 0.5),
) -> Box:
    """Write `digit` with its middle `at` shares of the page; returns x, y, width and height of its ink."""
    ink = digit.ink(height, pen)
    left, top = at[0] * page.shape[1] - ink.shape[1] / 2, at[1] * page.shape[0] - ink.shape[0] / 2
    inked(page, ink, left, top, color)
    return round(left), round(top), ink.shape[1], ink.shape[0]


def ruled(
    page: Floats,
    pitch: float,
    color: Color,
    width: int,
    *,
    squared: bool,
    offset: tuple[float, float] = (0.4, 0.3),
    angle: float = 0.0,
) -> None:
    """Lines across the whole page, horizontal or both ways."""
    height, breadth = page.shape[:2]
    lines = np.zeros((height, breadth), np.uint8)
    reach = int(np.hypot(height, breadth))
    turn = cv2.getRotationMatrix2D((breadth / 2, height / 2), angle, 1.0)
    kinds = (0, 1) if squared else (1,)
    for kind in kinds:
        for number in range(-reach, reach):
            place = (number + offset[kind]) * pitch
            if not -reach < place < 2 * reach:
                continue
            ends = [(place, -reach), (place, 2 * reach)] if kind == 0 else [(-reach, place), (2 * reach, place)]
            ends = [turn @ np.array([x, y, 1]) for x, y in ends]
            first, second = (tuple(round(value * 16) for value in end) for end in ends)
            cv2.line(lines, first, second, 255, width, cv2.LINE_AA, 4)
    inked(page, lines.astype(np.float32) / 255, 0, 0, color)


def framed(page: Floats, box: Box, color: Color, width: int) -> None:
    """The outline of a box: x, y, width, height."""
    x, y, breadth, height = (round(value) for value in box)
    mask = np.zeros(page.shape[:2], np.uint8)
    cv2.rectangle(mask, (x, y), (x + breadth, y + height), 255, width)
    inked(page, mask.astype(np.float32) / 255, 0, 0, color)


def lined(page: Floats, first: tuple[float, float], second: tuple[float, float], color: Color, width: int) -> None:
    """A straight line."""
    mask = np.zeros(page.shape[:2], np.uint8)
    ends = [tuple(round(16 * value) for value in end) for end in (first, second)]
    cv2.line(mask, ends[0], ends[1], 255, width, cv2.LINE_AA, 4)
    inked(page, mask.astype(np.float32) / 255, 0, 0, color)


def table(size: tuple[int, int], kind: str, random: np.random.Generator) -> Floats:
    """What paper lies on: a plain color as "r,g,b", or wood."""
    if not kind.startswith("wood"):
        plain = paper(size, tuple(int(part) for part in kind.split(",")))  # type: ignore[arg-type]
        return np.clip(plain + random.normal(0, 0.015, plain.shape).astype(np.float32), 0, 1)
    color = {"wood": (111, 72, 48), "wood-light": (196, 160, 118), "wood-red": (120, 60, 40)}[kind]
    width, height = size
    grain = random.normal(0, 1, (height, max(2, width // 60))).astype(np.float32)
    grain = cv2.GaussianBlur(cv2.resize(grain, (width, height), interpolation=cv2.INTER_CUBIC), (0, 0), 1.2)
    rings = np.sin(np.arange(height)[:, None] / 9 + 3 * grain.mean(axis=1, keepdims=True) + random.uniform(0, 6))
    relief = 0.12 * grain + 0.06 * rings.astype(np.float32)
    return np.clip(paper(size, color) * (1 + relief[:, :, None]), 0, 1).astype(np.float32)


def on_table(
    page: Floats,
    kind: str,
    margins: tuple[float, float, float, float],
    angle: float,
    random: np.random.Generator,
) -> Floats:
    """The page turned by `angle` degrees, with so much table at its left, top, right and bottom; less is cut off."""
    height, width = page.shape[:2]
    left, top, right, bottom = margins
    size = (round(width + left + right), round(height + top + bottom))
    below = table(size, kind, random)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    turn[:, 2] += (left, top)
    mask = cv2.warpAffine(np.ones(page.shape[:2], np.float32), turn, size, flags=cv2.INTER_LINEAR)
    laid = cv2.warpAffine(page, turn, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return below * (1 - mask[:, :, None]) + laid * mask[:, :, None]


def shadow(shape: tuple[int, ...], kind: str, light: float, softness: float, random: np.random.Generator) -> Floats:
    """(H, W, 1): 1 in the light, `light` in the shadow of a hand; the edge is so many pixels soft."""
    height, width = shape[:2]
    x, y = np.meshgrid(np.arange(width) / width, np.arange(height) / height)
    if kind == "half":
        dark = x > random.uniform(0.4, 0.6)
    elif kind == "top":
        dark = y < random.uniform(0.4, 0.6)
    elif kind == "diagonal":
        slope = random.uniform(0.4, 1.2) * random.choice([-1, 1])
        dark = (x - 0.5) + slope * (y - 0.5) > random.uniform(-0.1, 0.1)
    elif kind == "corner":
        dark = np.hypot(x - random.choice([0, 1]), y - random.choice([0, 1])) < random.uniform(0.5, 0.8)
    elif kind == "finger":  # held over the middle, wholly on the picture
        lean = random.uniform(-0.7, 0.7)
        across, along = abs(x - 0.5 - lean * (y - 0.6)), abs(y - 0.6)
        dark = (across < random.uniform(0.07, 0.11)) & (along < random.uniform(0.18, 0.28))
    else:  # fingers
        dark = np.zeros((height, width), bool)
        lean = random.uniform(-0.3, 0.3)
        for middle in (0.2, 0.45, 0.7)[: int(random.integers(1, 4))]:
            across = x - middle - lean * y - random.uniform(0, 0.05)
            dark |= (abs(across) < random.uniform(0.06, 0.09)) & (y > random.uniform(0.2, 0.5))
    soft = dark.astype(np.float32)
    if softness > 0:
        soft = cv2.GaussianBlur(soft, (0, 0), softness / 2)
    return (1 - (1 - light) * soft)[:, :, None].astype(np.float32)


def uneven(shape: tuple[int, ...], least: float, random: np.random.Generator) -> Floats:
    """Light that falls off to one side, to `least`."""
    height, width = shape[:2]
    x, y = np.meshgrid(np.linspace(-0.5, 0.5, width), np.linspace(-0.5, 0.5, height))
    angle = random.uniform(0, 2 * np.pi)
    fall = (np.cos(angle) * x + np.sin(angle) * y) / (abs(np.cos(angle)) + abs(np.sin(angle))) + 0.5
    return (1 - (1 - least) * fall)[:, :, None].astype(np.float32)


def photographed(
    scene: Floats, random: np.random.Generator, noise: float = 3, blur: float = 0.8
) -> npt.NDArray[np.uint8]:
    """As a camera has it: a little soft, with noise of so many of 255 levels."""
    if blur:
        scene = cv2.GaussianBlur(scene, (0, 0), blur)
    grains = random.normal(0, noise, scene.shape) if noise else 0
    return np.clip(np.rint(255 * scene + grains), 0, 255).astype(np.uint8)


def jpeg(pixels: npt.NDArray[np.uint8], quality: int = 88) -> bytes:
    """A file's content."""
    return saved(Image.fromarray(pixels), "JPEG", quality=quality)


def png(pixels: npt.NDArray[np.generic]) -> bytes:
    """A file's content."""
    return saved(Image.fromarray(pixels), "PNG")


def saved(image: Image.Image, format: str, **options: object) -> bytes:
    """A file's content."""
    content = io.BytesIO()
    image.save(content, format, **options)  # type: ignore[arg-type]
    return content.getvalue()


Paint = Callable[[Digit | None, np.random.Generator], bytes]
Several = Callable[[Sequence[Digit], np.random.Generator], bytes]
