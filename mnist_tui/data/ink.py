"""Where a picture has ink: the digit told from paper, light, noise and what else is on the picture."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from mnist_tui.data.components import Labels, pieces
from mnist_tui.errors import NoDigitError

Floats = npt.NDArray[np.float32]

# Longest side of what is looked at, and of the coarse picture on which paper and pieces are found.
_SIDE, _COARSE = 560, 112
# Ink must stand out from the paper by this share of black to white, and by so many deviations of the noise.
_LEAST_CONTRAST, _LEAST_SIGNAL = 0.06, 4.0
# Pieces smaller than this share of the digit, or further from it than this share of its size, are not of it.
_LEAST_PIECE, _FARTHEST = 0.03, 0.3


def find_ink(picture: npt.NDArray[np.generic]) -> Floats:
    """(H, W) from 0, paper, to 1, full ink, at most `_SIDE` wide, of a grey (H, W), colour or alpha picture of uint8.

    Raises NoDigitError where nothing stands out.
    """
    colours = _colours(picture)
    raised = _raised(colours)
    contrast, noise = _contrast(raised)
    if contrast < _LEAST_CONTRAST or contrast < _LEAST_SIGNAL * noise:
        raise NoDigitError(
            "there is no digit on it: nothing stands out from the background",
            remedy="Write it larger or darker, or give it more light.",
        )
    low, high = min(max(2.5 * noise, 0.08 * contrast), 0.4 * contrast), 0.92 * contrast
    ink = ((raised - np.float32(low)) / np.float32(high - low)).clip(0, 1)
    kept: Floats = ink * _of_the_digit(ink)
    return kept


def _colours(picture: npt.NDArray[np.generic]) -> Floats:
    """(H, W, 1 or 3) from 0 to 1, not too large, what is transparent laid on a background that shows it."""
    image = Image.fromarray(np.asarray(picture, dtype=np.uint8))
    scale = max(image.size) / _SIDE
    if scale > 1:
        width, height = (max(1, round(side / scale)) for side in image.size)
        image = image.resize((width, height), Image.Resampling.BOX, reducing_gap=2.0)
    values: Floats = np.asarray(image, dtype=np.float32) / np.float32(255)
    if values.ndim == 2:
        return values[:, :, None]
    return _on_a_background(values) if values.shape[2] == 4 else values


def _on_a_background(values: Floats) -> Floats:
    """Ink of one colour goes on white or black, whichever is further from it; a picture on its own commonest colour."""
    colour, alpha = values[:, :, :3], values[:, :, 3:]
    visible = colour[alpha[:, :, 0] > 0.5]
    if alpha.min() > 0.98 or not len(visible):
        return colour if len(visible) else np.zeros_like(colour)
    grey = visible.mean(axis=1)
    is_picture = np.percentile(grey, 98) - np.percentile(grey, 2) > 0.25
    background = np.median(visible, axis=0) if is_picture else np.float32(grey.mean() < 0.5)
    return (colour * alpha + background * (1 - alpha)).astype(np.float32)


def _raised(colours: Floats) -> Floats:
    """(H, W): how far each pixel is from the paper around it, towards the ink's colour."""
    height, width, channels = colours.shape
    coarse = _resized(colours, _coarse_size(height, width))
    paper = _paper(coarse)
    apart = coarse - paper
    axis = _ink_direction(apart.reshape(-1, channels))
    local = _local_paper((apart @ axis).astype(np.float32))
    raised = ((colours - _resized(paper, (height, width))) @ axis).astype(np.float32)
    raised -= _resized(local[:, :, None], (height, width))[:, :, 0]
    return raised


def _coarse_size(height: int, width: int) -> tuple[int, int]:
    scale = max(1.0, height / _COARSE, width / _COARSE)
    return max(1, round(height / scale)), max(1, round(width / scale))


def _resized(values: Floats, size: tuple[int, int]) -> Floats:
    """(H, W, C) -> (*size, C): means where it shrinks, straight lines between where it grows."""
    if values.shape[:2] == size:
        return values
    filter = Image.Resampling.BOX if size[0] < values.shape[0] else Image.Resampling.BILINEAR
    channels = [
        Image.fromarray(np.ascontiguousarray(values[:, :, channel])).resize(size[::-1], filter)
        for channel in range(values.shape[2])
    ]
    return np.stack([np.asarray(channel) for channel in channels], axis=2)


def _paper(coarse: Floats) -> Floats:
    """(H, W, C): a smooth surface of second degree through the paper, which the ink has little say in.

    Weighted least squares, again and again: the further a pixel is from the surface, the less it counts (Cauchy's
    weights). The border of a picture is paper more often than not, so it begins there.
    """
    height, width, channels = coarse.shape
    down, across = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    terms = np.stack([np.ones_like(down), down, across, down * down, down * across, across * across], axis=2)
    design, values = terms.reshape(-1, 6), coarse.reshape(-1, channels).astype(np.float64)
    border = (np.maximum(abs(down), abs(across)) > 0.85).ravel()
    surface = np.broadcast_to(np.median(values[border], axis=0), values.shape)
    for scale in (0.15, 0.1, 0.06, 0.04, 0.03, 0.03, 0.03):
        distance = np.linalg.norm(values - surface, axis=1) / np.sqrt(channels)
        weight = 1 / (1 + (distance / scale) ** 2) + 1e-6
        weighted = design * weight[:, None]
        ridge = 1e-3 * weight.sum() * np.diag([0.0, 1, 1, 1, 1, 1]) / 100
        surface = design @ np.linalg.solve(weighted.T @ design + ridge, weighted.T @ values)
    return surface.reshape(coarse.shape).astype(np.float32)


def _ink_direction(apart: Floats) -> Floats:
    """(C,) of length 1: the way from the paper's colour to the ink's, as most of what stands out goes it.

    Unit length in the sense that grey from black to white is 1 long.
    """
    weight = np.square(apart).sum(axis=1)
    spread = (apart * weight[:, None]).T @ apart
    axis = np.linalg.eigh(spread)[1][:, -1].astype(np.float32)
    along = apart @ axis
    length = np.float32(np.sqrt(len(axis)) * (np.sign(float((along**3).sum())) or 1))
    return (axis / length).astype(np.float32)


def _local_paper(raised: Floats) -> Floats:
    """(H, W): what is left of light and shadow, from the means of the paper around each pixel."""
    ink = raised > 0.5 * _threshold(raised)
    paper = (~_grown(ink, 2)).astype(np.float32)
    reach = max(2, max(raised.shape) // 12)
    amount = _blurred(paper, reach)
    return (_blurred(raised.clip(-0.3, 0.3) * paper, reach) / (amount + np.float32(0.02))).astype(np.float32)


def _contrast(raised: Floats) -> tuple[float, float]:
    """How far the ink stands out, and the standard deviation of the paper."""
    threshold = _threshold(raised)
    above = raised > threshold
    if not above.any():
        return 0.0, 0.0
    ink, paper = raised[above], raised[raised < 0.5 * threshold]
    noise = 1.4826 * float(np.median(abs(paper - np.median(paper)))) if len(paper) else 0.0
    return float(np.percentile(ink, 75)), noise


def _threshold(raised: Floats) -> float:
    """Between paper and ink, where the two classes differ most (Otsu, 1979)."""
    top = float(raised.max())
    if top <= 0:
        return 0.0
    counts, edges = np.histogram(np.clip(raised, 0, top), bins=128, range=(0, top))
    middles = (edges[1:] + edges[:-1]) / 2
    below, sums = np.cumsum(counts), np.cumsum(counts * middles)
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (sums[-1] * below / below[-1] - sums) ** 2 / (below * above)
    between = np.where((below > 0) & (above > 0), between, -1)
    return float(edges[1 + int(np.argmax(between))])


def _of_the_digit(ink: Floats) -> Floats:
    """(H, W) of 0 and 1: the digit and what is near enough to be a part of it, with the blur around it."""
    size = _coarse_size(*ink.shape)
    found = _resized(ink[:, :, None], size)[:, :, 0] > 0.3
    labels, count = pieces(found)
    if count == 0:
        return np.ones_like(ink)
    kept = np.concatenate([[False], _chosen(labels, count)])
    mask = _grown(kept[labels], 1).astype(np.float32)
    filter = Image.Resampling.BILINEAR
    grown = Image.fromarray(mask).resize(ink.shape[::-1], filter)
    return (2 * np.asarray(grown, dtype=np.float32)).clip(0, 1)


def _chosen(labels: Labels, count: int) -> npt.NDArray[np.bool_]:
    """(count,): which pieces make up the digit."""
    areas = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    boxes = np.array([_box_of(labels == number) for number in range(1, count + 1)])
    height, width = labels.shape
    at_border = (boxes[:, 0] == 0) | (boxes[:, 2] == 0) | (boxes[:, 1] == height) | (boxes[:, 3] == width)
    inside = areas * ~at_border
    # An edge of the table or a shadow reaches the border, and a digit cut close does.
    main = int(np.argmax(inside if inside.max() > 0.08 * areas.max() else areas))
    size = max(boxes[main, 1] - boxes[main, 0], boxes[main, 3] - boxes[main, 2])
    near = _gaps(boxes, boxes[main]) <= max(2, _FARTHEST * size)
    large = areas >= _LEAST_PIECE * areas[main]
    kept: npt.NDArray[np.bool_] = near & large & (~at_border | at_border[main])
    kept[main] = True
    return kept


def _box_of(piece: npt.NDArray[np.bool_]) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(piece.any(axis=1)), np.flatnonzero(piece.any(axis=0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def _gaps(boxes: Labels, other: Labels) -> Labels:
    """Pixels between each box and the `other`, 0 where they overlap."""
    down = np.maximum(boxes[:, 0] - other[1], other[0] - boxes[:, 1])
    across = np.maximum(boxes[:, 2] - other[3], other[2] - boxes[:, 3])
    gaps: Labels = np.maximum(0, np.maximum(down, across))
    return gaps


def _grown(mask: npt.NDArray[np.bool_], reach: int) -> npt.NDArray[np.bool_]:
    return _blurred_once(mask.astype(np.float32), reach) > 1e-3


def _blurred(values: Floats, reach: int) -> Floats:
    """Nearly a Gaussian: three means over squares."""
    for _ in range(3):
        values = _blurred_once(values, reach)
    return values


def _blurred_once(values: Floats, reach: int) -> Floats:
    """The mean of (2·reach + 1)², with zeros outside."""
    for axis in (0, 1):
        wide = [(0, 0), (0, 0)]
        wide[axis] = (reach + 1, reach)
        sums = np.cumsum(np.pad(values, wide), axis=axis, dtype=np.float64)
        length = values.shape[axis]
        upper = np.take(sums, range(2 * reach + 1, 2 * reach + 1 + length), axis=axis)
        lower = np.take(sums, range(length), axis=axis)
        values = ((upper - lower) / (2 * reach + 1)).astype(np.float32)
    return values
