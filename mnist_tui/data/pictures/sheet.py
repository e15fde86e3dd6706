"""The sheet of paper on a picture: found on a table, in a scan's border or in a saved plot, and laid upright."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from mnist_tui.data.pictures.gray import coarsen
from mnist_tui.data.pictures.histograms import Bytes, Floats, Mask

_COARSE = 160
# A sheet is at least this share of the picture, and its outline is that of a quadrangle to this degree.
_LEAST, _MOST, _LIKENESS = 0.06, 0.97, 0.945
# A corner within this share of the picture's side counts as the picture's own.
_AT_BORDER = 0.015
_TRIM = 0.012
# A shadow keeps at least this share of the light, and changes the share of red, green or blue by at most this.
_LEAST_LIGHT, _OTHER_TINT = 0.3, 0.04


@dataclass(frozen=True, eq=False)
class Sheet:
    """A part of a picture, upright, and how its points lie in the picture."""

    pixels: Bytes
    to_picture: npt.NDArray[np.float64]
    """(3, 3): homogeneous coordinates of the sheet to those of the picture."""
    picture_size: tuple[int, int]
    """The picture's width and height."""

    def transform(self, pixels: Bytes, matrix: npt.NDArray[np.float64]) -> Sheet:
        """The result of transforming this one by a matrix (3, 3), from its coordinates to those of `pixels`."""
        return Sheet(pixels, self.to_picture @ np.linalg.inv(matrix), self.picture_size)


def make_sheet(picture: Bytes) -> Sheet:
    """All of it."""
    return Sheet(picture, np.eye(3), (picture.shape[1], picture.shape[0]))


def find_sheet(sheet: Sheet) -> Sheet | None:
    """The sheet of paper that lies on this one and is smaller; None if none can be detected with certainty."""
    picture = sheet.pixels
    coarse = coarsen(picture, _COARSE)
    if min(coarse.shape[:2]) < 40:
        return None
    calm = _remove_strokes(coarse)
    best = max(
        (found for mask in _find_candidates(calm) if (found := _find_quadrangle(mask, calm)) is not None),
        key=lambda found: found[0],
        default=None,
    )
    if best is None:
        return None
    scale = np.array([picture.shape[1] / coarse.shape[1], picture.shape[0] / coarse.shape[0]])
    return _straighten(sheet, (best[1] + np.float32(0.5)) * scale.astype(np.float32))


def _remove_strokes(coarse: Bytes) -> Bytes:
    reach = 6
    padded = cv2.copyMakeBorder(coarse, reach, reach, reach, reach, cv2.BORDER_REPLICATE)
    return np.asarray(cv2.medianBlur(padded, 7)[reach:-reach, reach:-reach], np.uint8)


def _find_candidates(calm: Bytes) -> Iterator[Mask]:
    """Candidates for a sheet: the lighter or the darker part, or the part whose color differs from the border's."""
    gray = calm if calm.ndim == 2 else cv2.cvtColor(calm, cv2.COLOR_RGB2GRAY)
    _, light = cv2.threshold(gray, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    yield np.asarray(light, np.uint8)
    yield (1 - light).astype(np.uint8)
    if calm.ndim == 3:
        lab = cv2.cvtColor(calm, cv2.COLOR_RGB2LAB).astype(np.float32)
        border = np.concatenate([lab[0], lab[-1], lab[:, 0], lab[:, -1]])
        apart = np.linalg.norm(lab - np.median(border, axis=0), axis=2)
        apart = np.minimum(apart, 255).astype(np.uint8)
        _, other = cv2.threshold(apart, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
        yield np.asarray(other, np.uint8)


def _find_quadrangle(mask: Mask, calm: Bytes) -> tuple[float, Floats] | None:
    """How much the largest piece of the mask resembles a sheet, and its corners (4, 2); None if it does not."""
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return None
    contour = max(contours, key=cv2.contourArea)
    height, width = mask.shape
    area = cv2.contourArea(contour)
    if not _LEAST < area / (height * width) < _MOST:
        return None
    piece = np.zeros_like(mask)
    cv2.drawContours(piece, [contour], -1, 1, cv2.FILLED)
    hull = np.asarray(cv2.convexHull(contour), np.int32)
    corners = _find_corners(hull)
    shape = np.zeros_like(mask)
    cv2.fillConvexPoly(shape, np.rint(corners).astype(np.int32), 1)
    likeness = np.count_nonzero(piece & shape) / np.count_nonzero(piece | shape)
    if likeness < _LIKENESS:
        return None
    sides = _sample_sides(calm, shape)
    if sides is None or not _stands_out(*sides):
        return None
    if not _is_right_angled(corners):
        return None
    if not _is_other_material(*sides):
        # It could be light, or a finger's shadow: those have no corners of their own, or are darker than the rest.
        is_lighter = np.median(sides[0]) > np.median(sides[1])
        if _count_free_corners(corners, width, height) < (2 if is_lighter else 4):
            return None
    return likeness, corners


def _find_corners(hull: npt.NDArray[np.int32]) -> Floats:
    """(4, 2): the quadrilateral around a hull: its own corners if it has four, otherwise a rectangle's."""
    length = cv2.arcLength(hull, True)
    for share in (0.01, 0.02, 0.03, 0.04, 0.05):
        corners = cv2.approxPolyDP(hull, share * length, True)
        if len(corners) <= 4:
            break
    if len(corners) == 4:
        return _sharpen(corners[:, 0].astype(np.float32), hull)
    return np.asarray(cv2.boxPoints(cv2.minAreaRect(hull)), np.float32)


def _sharpen(corners: Floats, hull: npt.NDArray[np.int32]) -> Floats:
    """Where lines through the middles of the sides meet: the median filter has rounded the corners themselves."""
    shape = np.zeros((int(hull[:, 0, 1].max()) + 1, int(hull[:, 0, 0].max()) + 1), np.uint8)
    cv2.polylines(shape, [hull], True, 1)
    outline = np.argwhere(shape)[:, ::-1].astype(np.float32)
    lines = [_fit_line(outline, start, end) for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True)]
    met = [np.cross(before, after) for before, after in zip([lines[-1], *lines], lines, strict=False)]
    if any(abs(point[2]) < 1e-3 for point in met):  # of sides that are nearly parallel
        return corners
    return np.array([point[:2] / point[2] for point in met], np.float32)


def _fit_line(outline: Floats, start: Floats, end: Floats) -> npt.NDArray[np.float64]:
    """(3,): the homogeneous coefficients, of unit normal, of the line that fits the middle of a side best."""
    along = (end - start) / max(float(np.linalg.norm(end - start)), 1e-6)
    across = np.array([-along[1], along[0]])
    places, distances = (outline - start) @ along, np.abs((outline - start) @ across)
    length = float((end - start) @ along)
    is_near = (places > 0.15 * length) & (places < 0.85 * length) & (distances < 0.05 * length + 1.5)
    points = outline[is_near] if np.count_nonzero(is_near) >= 4 else np.stack([start, end])
    x, y, left, top = cv2.fitLine(points, cv2.DIST_HUBER, 0, 0.01, 0.01).ravel().astype(np.float64)
    return np.array([-y, x, y * left - x * top])


def _count_free_corners(corners: Floats, width: int, height: int) -> int:
    """The number of corners inside the picture: a shadow's edge has none, because it runs from border to border."""
    across, down = _AT_BORDER * width + 1, _AT_BORDER * height + 1
    inside = (
        (corners[:, 0] > across)
        & (corners[:, 0] < width - across)
        & (corners[:, 1] > down)
        & (corners[:, 1] < height - down)
    )
    return int(np.count_nonzero(inside))


def _is_right_angled(corners: Floats) -> bool:
    """Whether its corners are those of a sheet seen from nearly above."""
    sides = np.roll(corners, -1, axis=0) - corners
    sides /= np.linalg.norm(sides, axis=1, keepdims=True) + 1e-6
    cosines = (sides * np.roll(sides, -1, axis=0)).sum(axis=1)
    return float(np.abs(cosines).max()) < 0.2


def _sample_sides(calm: Bytes, shape: Mask) -> tuple[Floats, Floats] | None:
    """The colors (N, channels) just inside and just outside of an outline."""
    kernel = np.ones((3, 3), np.uint8)
    inner = cv2.erode(shape, kernel, iterations=2) - cv2.erode(shape, kernel, iterations=3)
    outer = cv2.dilate(shape, kernel, iterations=4) - cv2.dilate(shape, kernel, iterations=3)
    if not inner.any() or not outer.any():
        return None
    values = calm.reshape(*calm.shape[:2], -1).astype(np.float32)
    return values[inner > 0], values[outer > 0]


def _stands_out(inside: Floats, outside: Floats) -> bool:
    """Whether they differ along nearly all of the outline."""
    middle = np.median(inside, axis=0)
    apart = float(np.linalg.norm(middle - np.median(outside, axis=0)))
    spread = float(np.linalg.norm(np.median(np.abs(inside - middle), axis=0)))
    return apart > max(12.0, 3 * spread)


def _is_other_material(inside: Floats, outside: Floats) -> bool:
    """Whether the difference between outside and inside is more than a shadow's."""
    paper, other = np.median(inside, axis=0) + 1, np.median(outside, axis=0) + 1
    light = other.mean() / paper.mean()
    return light < _LEAST_LIGHT or float(np.abs(other / other.sum() - paper / paper.sum()).max()) > _OTHER_TINT


def _straighten(sheet: Sheet, corners: Floats) -> Sheet:
    ordered = _order_corners(corners)
    top, right = np.linalg.norm(ordered[1] - ordered[0]), np.linalg.norm(ordered[2] - ordered[1])
    bottom, left = np.linalg.norm(ordered[2] - ordered[3]), np.linalg.norm(ordered[3] - ordered[0])
    width, height = max(8, round(max(top, bottom))), max(8, round(max(left, right)))
    trim = _TRIM * min(width, height) + 2
    target = np.array(
        [(-trim, -trim), (width + trim, -trim), (width + trim, height + trim), (-trim, height + trim)],
        np.float32,
    )
    matrix = cv2.getPerspectiveTransform(ordered.astype(np.float32), target)
    pixels = cv2.warpPerspective(
        sheet.pixels, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return sheet.transform(np.asarray(pixels, np.uint8), np.asarray(matrix, np.float64))


def _order_corners(corners: Floats) -> Floats:
    """Clockwise from the upper left, if a sheet is rotated by less than 45°."""
    middle = corners.mean(axis=0)
    angles = np.arctan2(corners[:, 1] - middle[1], corners[:, 0] - middle[0])
    clockwise = corners[np.argsort(angles)]
    sides = np.roll(clockwise, -1, axis=0) - clockwise
    # The upper side is the one that points most to the right.
    first = int(np.argmax(sides[:, 0] / (np.linalg.norm(sides, axis=1) + 1e-6)))
    return np.roll(clockwise, -first, axis=0)
