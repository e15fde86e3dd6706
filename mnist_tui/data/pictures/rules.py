"""Lines that are not writing: rules of squared and ruled paper, sides of boxes and cells, axes, underlines."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from mnist_tui.data.pictures.histograms import Floats, Labels, Mask
from mnist_tui.data.pictures.ink import find_components

# The shortest line looked at, as a share of the sheet's shorter side.
_SHORTEST = 0.15
# A line from one side of the sheet to the other is a rule; so are this many parallel lines of the same length. Of so
# many rules the usual thickness is known.
_END, _MANY, _SEVERAL = 0.015, 3, 5
_THICKEST, _THICKEST_RULE = 0.035, 0.025
# A line continues behind a broad stroke of up to this share of the sheet.
_WIDEST_GAP = 0.65
# The sides of a frame end this close to its corners, of the sheet's shorter side, and are so long, of its longer.
_CORNER, _SMALLEST_FRAME = 0.03, 0.12
# The side of a cell is inked to this share of its length, and strokes touch at most this share of it.
_WHOLE, _TOUCHED = 0.97, 0.85
# The rotation is determined by lines of this total length, in sheet lengths, rotated by at most this many degrees.
_LINES, _MOST_TILTED = 1.5, 12.0


@dataclass(frozen=True)
class RuledLine:
    """A long thin piece of ink, horizontal unless said otherwise: rows top to bottom, columns left to right."""

    top: int
    bottom: int
    left: int
    right: int
    thickness: float

    @property
    def length(self) -> int:
        """In pixels."""
        return self.right - self.left

    def join(self, other: RuledLine) -> RuledLine:
        """Both as one."""
        longer = self if self.length > other.length else other
        ends = min(self.left, other.left), max(self.right, other.right)
        return RuledLine(min(self.top, other.top), max(self.bottom, other.bottom), *ends, longer.thickness)

    @property
    def is_straight(self) -> bool:
        """Whether it is hardly taller than thick, unlike any handwritten stroke."""
        return self.bottom - self.top <= self.thickness + 4 + 0.012 * self.length

    @property
    def middle(self) -> float:
        """Its row."""
        return (self.top + self.bottom) / 2


@dataclass(frozen=True, eq=False)
class Bands:
    """Where the lines of a mask lie."""

    labels: Labels
    line_of: Labels
    """(count,): the line that a label belongs to, by its number in the list from 1; 0 for none."""

    def select(self, number: int, window: tuple[slice, slice]) -> npt.NDArray[np.bool_]:
        """Within a window of the mask, the pixels of a line: its number from 0."""
        labels = self.labels[window]
        own = np.zeros(labels.shape, bool)
        for label in np.flatnonzero(self.line_of == number + 1):
            own |= labels == label
        return own


def find_lines(mask: Mask, shortest: int, thickest: float) -> tuple[list[RuledLine], Bands]:
    """The horizontal lines of a mask, and where they lie."""
    # A broad stroke would merge with the lines that run into it.
    joined = cv2.morphologyEx(
        _remove_thick(mask, round(thickest)), cv2.MORPH_CLOSE, np.ones((1, max(3, shortest // 12) | 1), np.uint8)
    )
    joined = cv2.dilate(joined, np.ones((3, 1), np.uint8))
    long = cv2.morphologyEx(joined, cv2.MORPH_OPEN, np.ones((1, shortest), np.uint8))
    if not long.any():
        return [], Bands(long, np.zeros(1, np.int32))
    count, labels, stats = find_components(np.asarray(long, np.uint8))
    lines: list[RuledLine] = []
    kept = np.zeros(count, np.int32)
    for number in range(1, count):
        left, top, width, height = (int(value) for value in stats[number, :4])
        window = (slice(top, top + height), slice(left, left + width))
        runs = np.count_nonzero((labels[window] == number) & (mask[window] > 0), axis=0)
        thickness = float(np.median(runs[runs > 0])) if runs.any() else 0.0
        if not 0 < thickness <= thickest or height > max(4 * thickness + 6, 0.08 * width):
            continue
        line = RuledLine(top, top + height, left, left + width, thickness)
        index = next((index for index, other in enumerate(lines) if _continues(line, other, mask.shape[1])), len(lines))
        lines[index : index + 1] = [line.join(lines[index]) if index < len(lines) else line]
        kept[number] = index + 1
    return lines, Bands(labels, kept)


def _continues(line: RuledLine, other: RuledLine, whole: int) -> bool:
    """Whether they are one line, interrupted by a broad stroke."""
    level = abs(line.middle - other.middle) <= 2 + 0.5 * min(line.thickness, other.thickness)
    alike = max(line.thickness, other.thickness) <= 1.5 * min(line.thickness, other.thickness) + 1
    gap = max(line.left, other.left) - min(line.right, other.right)
    return level and alike and gap <= _WIDEST_GAP * whole and line.join(other).is_straight


@dataclass(frozen=True, eq=False)
class Rules:
    """The lines of a mask, and the inside of the smallest frame around something: rows, then columns."""

    erase: Mask
    margins: Mask
    """Lines that differ from the others in color and thickness, and so are not part of `erase`."""
    inside: tuple[int, int, int, int] | None
    count: int
    stem: bool
    """Whether it found only one vertical line, which may as well be a 1."""


def measure_tilt(mask: Mask) -> float:
    """The rotation of a sheet's long lines in degrees, clockwise on the screen; 0 if there are too few.

    A Hough transform (Duda and Hart, 1972) over the angles near the sheet's sides.
    """
    small = _select_thin(mask)
    height, width = small.shape
    rows, columns = np.nonzero(small)
    if not len(rows):
        return 0.0
    angles = np.arange(-_MOST_TILTED, _MOST_TILTED + 0.01, 0.5)
    evidence, sharpness = np.zeros((2, len(angles)))
    # Every second pixel along a line is enough.
    directions = [
        (along[along % 2 == 0], across[along % 2 == 0], length)
        for along, across, length in ((columns, rows, width), (rows, width - columns, height))
    ]
    # In whole numbers of a 1024th of a pixel, moved so far that none is below 0.
    steepest = round(1024 * np.tan(np.radians(_MOST_TILTED)))
    for number, slope in enumerate(np.tan(np.radians(angles))):
        for along, across, length in directions:
            places = (1024 * across + (steepest * length - round(1024 * slope) * along)) >> 10
            counts = np.bincount(places, minlength=1)
            long = 2 * _find_peaks(counts.astype(np.float32), 0.2 * length) / length
            evidence[number] += long.sum()
            sharpness[number] += np.square(long).sum()
    best = int(np.argmax(sharpness))
    return float(angles[best]) if evidence[best] > _LINES else 0.0


def _find_peaks(counts: Floats, least: float) -> Floats:
    """The largest counts in their neighborhoods: one per line, however thick."""
    highest = np.asarray(cv2.dilate(counts[None], np.ones((1, 9), np.uint8)), np.float32)[0]
    peaks: Floats = counts[(counts >= highest) & (counts > least)]
    return peaks


def _select_thin(mask: Mask, side: int = 300) -> Mask:
    """A smaller mask of parts no thicker than a rule."""
    scale = side / max(mask.shape)
    if scale < 1:
        reach = max(1, round(1 / scale))
        thicker = cv2.dilate(mask, np.ones((reach, reach), np.uint8))
        size = (max(1, round(scale * mask.shape[1])), max(1, round(scale * mask.shape[0])))
        mask = np.asarray(cv2.resize(thicker, size, interpolation=cv2.INTER_NEAREST), np.uint8)
    return _remove_thick(mask, 6)


def _remove_thick(mask: Mask, side: int) -> Mask:
    """The parts of a mask into which no square of `side` pixels fits."""
    broad = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((side, side), np.uint8))
    return np.asarray(cv2.subtract(mask, broad), np.uint8)


def find_rules(mask: Mask) -> Rules:
    """The lines of a mask that are not writing."""
    shortest = max(9, round(_SHORTEST * min(mask.shape)))
    thickest = max(3.0, _THICKEST * max(mask.shape))
    across, across_bands = find_lines(mask, shortest, thickest)
    turned = np.ascontiguousarray(mask.T)
    down, down_bands = find_lines(turned, shortest, thickest)
    height, width = mask.shape
    is_rule = (_are_rules(across, width), _are_rules(down, height))
    _mark_cell_sides(across, down, is_rule)
    frame = _find_frame(across, down, is_rule, mask.shape)
    inside = _find_inside(across, down, frame)
    if inside is not None:
        thinnest = min(
            lines[number].thickness for lines, ends in zip((across, down), frame, strict=True) for number in ends
        )
        _mark_frame(across, frame[0], is_rule[0], (inside[2], inside[3]), thinnest)
        _mark_frame(down, frame[1], is_rule[1], (inside[0], inside[1]), thinnest)
    _mark_cell_sides(across, down, is_rule)
    _add_sides(mask, across, down, is_rule)
    _add_sides(turned, down, across, (is_rule[1], is_rule[0]))
    is_margin = _are_margins(across, is_rule[0], width), _are_margins(down, is_rule[1], height)
    margins = _find_line_pixels(mask, (across, down), (across_bands, down_bands), is_margin)
    _limit_thickness(across, down, is_rule)
    erase = _find_line_pixels(mask, (across, down), (across_bands, down_bands), is_rule) & ~margins
    return Rules(erase, margins, inside, int(sum(map(sum, is_rule))), not any(is_rule[0]) and sum(is_rule[1]) == 1)


def _are_rules(lines: list[RuledLine], whole: int) -> list[bool]:
    thin = [line.thickness <= _THICKEST_RULE * whole + 2 for line in lines]
    rules = [line.left <= _END * whole and line.right >= (1 - _END) * whole for line in lines]
    for number, line in enumerate(lines):
        alike = [
            other
            for other in lines
            if abs(other.length - line.length) < 0.12 * line.length
            and abs(other.left - line.left) < 0.1 * line.length
            and other.thickness < 1.7 * line.thickness + 1
            and line.thickness < 1.7 * other.thickness + 1
        ]
        if len(alike) >= _MANY and line.is_straight:
            rules[number] = True
    return [is_rule and is_thin for is_rule, is_thin in zip(rules, thin, strict=True)]


def _are_margins(lines: list[RuledLine], is_rule: list[bool], whole: int) -> list[bool]:
    """Rules over the whole sheet of which there are only a few in their direction."""
    if sum(is_rule) >= _SEVERAL:
        return [False] * len(lines)
    return [
        is_one and line.left <= _END * whole and line.right >= (1 - _END) * whole
        for line, is_one in zip(lines, is_rule, strict=True)
    ]


def _find_line_pixels(
    mask: Mask, lines: tuple[list[RuledLine], ...], bands: tuple[Bands, ...], selected: tuple[list[bool], ...]
) -> Mask:
    """What the selected lines, across and down, cover of a mask, but for the strokes that cross them."""
    if not any(map(any, selected)):
        return np.zeros_like(mask)
    without = _remove_lines(mask, lines[0], bands[0], selected[0])
    without = _remove_lines(np.ascontiguousarray(without.T), lines[1], bands[1], selected[1]).T
    return (mask & ~without).astype(np.uint8)


def _find_frame(
    across: list[RuledLine], down: list[RuledLine], is_rule: tuple[list[bool], list[bool]], shape: tuple[int, ...]
) -> tuple[list[int], list[int]]:
    """The indices of the lines of the largest frame: two horizontal and two vertical ones with matching ends."""
    best: tuple[list[int], list[int]] = ([], [])
    most, smallest, tolerance = 0.0, _SMALLEST_FRAME * max(shape), _CORNER * min(shape)
    rows, columns = _select_longest(across, is_rule[0]), _select_longest(down, is_rule[1])
    for (i, upper), (j, lower) in itertools.permutations(rows, 2):
        for (k, left), (m, right) in itertools.permutations(columns, 2):
            height, width = lower.middle - upper.middle, right.middle - left.middle
            if min(height, width) <= smallest or height * width <= most:
                continue
            ends = (left.middle, right.middle), (upper.middle, lower.middle)
            sides = ((upper, ends[0]), (lower, ends[0]), (left, ends[1]), (right, ends[1]))
            whole = sum(_reaches(line, *end, tolerance) for line, end in sides)
            if whole >= 2 and all(_covers(line, *end) for line, end in sides):
                most, best = height * width, ([i, j], [k, m])
    return best


def _reaches(line: RuledLine, first: float, last: float, tolerance: float) -> bool:
    return line.left <= first + tolerance and line.right >= last - tolerance


def _covers(line: RuledLine, first: float, last: float) -> bool:
    """Whether it may be a side of a frame from `first` to `last`, over a part of which the digit lies."""
    return min(line.right, last) - max(line.left, first) > 0.3 * (last - first)


def _mark_frame(
    lines: list[RuledLine], numbers: list[int], is_rule: list[bool], ends: tuple[int, int], thickness: float
) -> None:
    """Mark the sides of a frame as rules, from corner to corner, as thin as the thinnest: a stroke may touch one."""
    for number in numbers:
        line = lines[number]
        is_rule[number] = True
        left, right = min(line.left, ends[0]), max(line.right, ends[1])
        lines[number] = replace(line, left=left, right=right, thickness=min(line.thickness, thickness + 1))


def _limit_thickness(across: list[RuledLine], down: list[RuledLine], is_rule: tuple[list[bool], list[bool]]) -> None:
    """Rules of a sheet are equally thick: where one is thicker, a stroke lies along it."""
    found = [
        line.thickness
        for lines, rules in ((across, is_rule[0]), (down, is_rule[1]))
        for line, is_one in zip(lines, rules, strict=True)
        if is_one
    ]
    if len(found) < _SEVERAL:
        return
    most = 1.25 * float(np.median(found)) + 1
    for lines in (across, down):
        lines[:] = [replace(line, thickness=min(line.thickness, most)) for line in lines]


def _select_longest(lines: list[RuledLine], is_rule: list[bool], count: int = 7) -> list[tuple[int, RuledLine]]:
    shorter = [(number, line) for number, line in enumerate(lines) if not is_rule[number]]
    return sorted(shorter, key=lambda entry: -entry[1].length)[:count]


def _mark_cell_sides(across: list[RuledLine], down: list[RuledLine], is_rule: tuple[list[bool], list[bool]]) -> None:
    """Lines that end on rules at both ends and are as thin and straight are rules, too: the sides of cells."""
    for lines, rules, others, known in (
        (down, is_rule[1], across, is_rule[0]),
        (across, is_rule[0], down, is_rule[1]),
    ):
        ruled = [other for other, is_known in zip(others, known, strict=True) if is_known]
        for number, line in enumerate(lines):
            if not rules[number] and line.is_straight:
                ends = (line.left, line.right)
                rules[number] = all(any(_ends_on(line, end, other) for other in ruled) for end in ends)


def _add_sides(
    mask: Mask, across: list[RuledLine], down: list[RuledLine], is_rule: tuple[list[bool], list[bool]]
) -> None:
    """Mark what connects two neighboring rules, as thin as they are, as sides of cells, also where strokes touch it.

    There are at least two of them: a lone one is more likely to be a stroke.
    """
    shortest = _SHORTEST * min(mask.shape)
    rules = [line for line, is_one in zip(across, is_rule[0], strict=True) if is_one]
    if len(rules) >= _SEVERAL:  # squared paper: strokes cross its rules, and end on none
        return
    for upper, lower in itertools.pairwise(sorted(rules, key=lambda line: line.middle)):
        if lower.top - upper.bottom < shortest:
            continue
        most = 1.15 * max(upper.thickness, lower.thickness) + 1
        sides = _find_sides(mask[upper.bottom : lower.top], most)
        if len(sides) < 2:
            continue
        thickness = min(upper.thickness, lower.thickness)
        for left, right in sides:
            side = RuledLine(left, right, upper.top, lower.bottom, thickness)
            alike = [number for number, line in enumerate(down) if abs(line.middle - side.middle) <= thickness]
            for number in alike:
                down[number], is_rule[1][number] = replace(down[number].join(side), thickness=thickness), True
            if not alike:
                down.append(side)
                is_rule[1].append(True)


def _find_sides(strip: Mask, most: float) -> list[tuple[int, int]]:
    """Left and right end of what reaches from the top to the bottom, at most so thick."""
    wide = cv2.morphologyEx(strip, cv2.MORPH_OPEN, np.ones((1, round(most) + 1), np.uint8))
    # A sheet may be rotated by the fraction of a degree.
    filled = cv2.dilate(strip, np.ones((1, 3), np.uint8)).mean(axis=0) > _WHOLE
    edges = np.flatnonzero(np.diff(filled.astype(np.int8), prepend=0, append=0)).tolist()
    return [
        (left, right)
        for left, right in zip(edges[::2], edges[1::2], strict=True)
        if right - left <= most and float(wide[:, left:right].max(axis=1).mean()) < _TOUCHED
    ]


def _ends_on(line: RuledLine, end: int, other: RuledLine) -> bool:
    near = abs(other.middle - end) < other.thickness + 4
    within = other.left - 4 <= line.middle <= other.right + 4
    return near and within and 0.6 * other.thickness <= line.thickness < 1.4 * other.thickness + 1


def _remove_lines(mask: Mask, lines: list[RuledLine], bands: Bands, is_rule: list[bool]) -> Mask:
    """The mask without its lines, but with the strokes that cross them."""
    left = mask.copy()
    for number, line in enumerate(lines):
        if not is_rule[number]:
            continue
        spare = round(line.thickness) + 2
        top, bottom = max(0, line.top - 2 * spare), min(mask.shape[0], line.bottom + 2 * spare)
        window = (slice(top, bottom), slice(line.left, line.right))
        crossing = cv2.morphologyEx(
            cv2.copyMakeBorder(left[window], spare, spare, 0, 0, cv2.BORDER_CONSTANT, value=0),
            cv2.MORPH_OPEN,
            np.ones((round(1.3 * line.thickness + 1.5), 1), np.uint8),
        )[spare:-spare]
        own = bands.select(number, window)
        # Behind a broad stroke, and where another line joins it, a line has no separate piece.
        middle, half = round(line.middle) - top, round(line.thickness / 2) + 2
        own[max(0, middle - half) : middle + half + 1, ~own.any(axis=0)] = True
        part = left[window]
        part[own & (crossing == 0)] = 0
    return left


def _find_inside(
    across: list[RuledLine], down: list[RuledLine], frame: tuple[list[int], list[int]]
) -> tuple[int, int, int, int] | None:
    if not frame[0]:
        return None
    upper, lower = (across[number] for number in frame[0])
    left, right = (down[number] for number in frame[1])
    return upper.bottom, lower.top, left.bottom, right.top
