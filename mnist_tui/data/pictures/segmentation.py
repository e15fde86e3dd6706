"""From ink to digits: which connected pieces form one, which form none, and the order in which they are read."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from mnist_tui.data.pictures.histograms import Bytes, Labels, Mask
from mnist_tui.data.pictures.ink import Ink, find_components
from mnist_tui.data.pictures.shadow import is_cut_off
from mnist_tui.data.pictures.touching import DigitCount, find_seam

# Shares of the tallest piece's height: above, a piece is a digit of its own; below, a part of one, or a speck.
_OWN = 0.45
# The digits of a page are at least this share as high as the highest.
_EVEN = 0.62
# A bar is so much wider than high, and lower than this share of the tallest piece's height.
_FLATTER, _LOW = 1.6, 0.8
# Pieces with less than this share of a digit's ink, or further away than this share of its height, are not part of it.
_LEAST_PIECE, _FARTHEST = 0.03, 0.3
# The smallest height of a digit, as a share of the sheet's longer side, and in pixels.
_LOWEST, _LOWEST_PIXELS = 0.025, 7
# A piece fainter than this share of the darkest is not ink; the share of a stroke's length that the border cuts off.
_FAINTEST, _CUT = 0.6, 0.15
# The largest share of a piece's surroundings that may be as dark as the piece.
_EDGE = 0.14
# A shadow's outline may be softer than this share of the sheet's longer side and of its own; that of ink is not, even
# of an image of 28 pixels that was enlarged.
_SOFTEST, _SOFTEST_SHARE, _SOFTEST_PIXELS = 0.055, 0.12, 10.0
# The paper around a piece is looked for within this share of the sheet's longer side.
_AROUND = 0.05
# The width of the empty margin, as a share of the sheet's longer side.
_RIM = 0.017
_MOST_PIECES = 200
# An underline is this many times wider than high. One of two lines that meet is so many times wider, and there are two
# lines in this share of its columns.
_FLAT, _FLAT_OF_TWO, _TWO_LINES = 7.0, 3.5, 0.25


@dataclass(frozen=True)
class Box:
    """Rows top to bottom, columns left to right; the ends are one past the last."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def height(self) -> int:
        """In pixels."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """In pixels."""
        return self.right - self.left

    def union(self, other: Box) -> Box:
        """The smallest one with both in it."""
        return Box(
            min(self.top, other.top),
            max(self.bottom, other.bottom),
            min(self.left, other.left),
            max(self.right, other.right),
        )

    def gaps(self, other: Box) -> tuple[int, int]:
        """How far they are apart down and across; below 0, by how much they overlap."""
        return max(self.top, other.top) - min(self.bottom, other.bottom), max(self.left, other.left) - min(
            self.right, other.right
        )


@dataclass(frozen=True)
class Piece:
    """A connected piece of ink, or several that belong together."""

    numbers: tuple[int, ...]
    box: Box
    area: int
    alternatives: tuple[Piece, ...] = ()
    """Alternatives: with a piece that was left out, or each half of what looks like two touching digits."""

    def join(self, other: Piece) -> Piece:
        """Both as one."""
        numbers, box = self.numbers + other.numbers, self.box.union(other.box)
        return Piece(numbers, box, self.area + other.area, self.alternatives)


@dataclass(frozen=True, eq=False)
class Segmentation:
    """Lines of digits from top to bottom, each from left to right, with the data for cropping them."""

    lines: tuple[tuple[Piece, ...], ...]
    labels: Labels


def segment(ink: Ink, inside: tuple[int, int, int, int] | None, spare: float = 0.0) -> Segmentation:
    """The digits of a sheet, or those inside a frame if there is one with something in it.

    `spare` is the number of pixels by which the empty margin is wider.
    """
    mask = ink.mask
    count, labels, stats = find_components(mask)
    pieces = [
        Piece((number,), Box(int(top), int(top + height), int(left), int(left + width)), int(area))
        for number, (left, top, width, height, area) in enumerate(stats[:count].tolist())
        if number
    ]
    height, width = mask.shape
    least = max(2.0, 0.004 * max(mask.shape))
    pieces = [piece for piece in pieces if max(piece.box.height, piece.box.width) >= least]
    # Noise and textures give thousands of pieces; one smaller than this many others is not a digit.
    pieces = sorted(pieces, key=lambda piece: -piece.area)[:_MOST_PIECES]
    rim = spare + _RIM * max(height, width)
    pieces = [piece for piece in pieces if not _is_at_rim(piece.box, height, width, rim)]
    pieces = _select_framed(pieces, inside)
    pieces = _remove_faint(pieces, _measure_darkness(ink, labels, count))
    pieces = _remove_at_border(pieces, labels)
    pieces = [piece for piece in pieces if not is_cut_off(ink.gray, (labels == piece.numbers[0]).astype(np.uint8))]
    pieces = _remove_underlines(pieces, labels)
    pieces = [piece for piece in pieces if not _is_edge(ink, labels, piece)]
    lowest = min(max(_LOWEST_PIXELS, _LOWEST * max(mask.shape)), 0.5 * max(mask.shape))
    tallest = max((piece.box.height for piece in pieces), default=0)
    widest = max((piece.box.width for piece in pieces), default=0)
    if max(tallest, 0.4 * widest) < lowest:
        return Segmentation((), labels)
    digits = [
        part for digit in _add_alternatives(_find_digits(pieces, tallest)) for part in _split_touching(digit, labels)
    ]
    return Segmentation(_group_into_lines(digits), labels)


def _is_at_rim(box: Box, height: int, width: int, rim: float) -> bool:
    """Whether it lies entirely along the border: the rest of a rule or table that the picture cuts off."""
    return box.bottom <= rim or box.right <= rim or box.top >= height - rim or box.left >= width - rim


def _select_framed(pieces: list[Piece], inside: tuple[int, int, int, int] | None) -> list[Piece]:
    if inside is None:
        return pieces
    top, bottom, left, right = inside
    within = [
        piece
        for piece in pieces
        if top <= (piece.box.top + piece.box.bottom) / 2 <= bottom
        and left <= (piece.box.left + piece.box.right) / 2 <= right
    ]
    is_filled = any(piece.box.height > 0.15 * (bottom - top) for piece in within)
    return within if is_filled else pieces


def _measure_darkness(ink: Ink, labels: Labels, count: int) -> npt.NDArray[np.float64]:
    """(count,): the overall darkness of each piece."""
    inked = ink.mask > 0
    numbers = labels[inked]
    sums = np.bincount(numbers, weights=ink.amount[inked], minlength=count)
    return np.asarray(sums / np.maximum(1, np.bincount(numbers, minlength=count)))


def _remove_faint(pieces: list[Piece], darkness: npt.NDArray[np.float64]) -> list[Piece]:
    """Without pieces much fainter than the rest: soft edges of shadows, stains."""
    large = max((piece.box.height for piece in pieces), default=0)
    full = max((darkness[piece.numbers[0]] for piece in pieces if piece.box.height > 0.3 * large), default=0.0)
    return [piece for piece in pieces if darkness[piece.numbers[0]] >= _FAINTEST * full]


def _remove_at_border(pieces: list[Piece], labels: Labels) -> list[Piece]:
    """Without pieces that touch the border: a cropped digit is read only if there is no other."""
    rim = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    touching = np.bincount(rim, minlength=int(labels.max()) + 1)
    # A cropped stroke is as wide as a pen; an edge of the table or a shadow is broad.
    cut = [piece for piece in pieces if touching[piece.numbers[0]] < _CUT * max(piece.box.height, piece.box.width)]
    inner = [piece for piece in cut if not touching[piece.numbers[0]]]
    tallest = max((piece.box.height for piece in cut), default=0)
    return inner if any(piece.box.height > 0.2 * tallest for piece in inner) else cut


def _is_edge(ink: Ink, labels: Labels, piece: Piece) -> bool:
    """Whether its surroundings are as dark as it is: the corner of a shadow or of a table, not a stroke on paper."""
    reach = max(3, round(0.008 * max(ink.mask.shape)))
    box = piece.box
    top, left = max(0, box.top - reach), max(0, box.left - reach)
    window = (slice(top, box.bottom + reach), slice(left, box.right + reach))
    own = (labels[window] == piece.numbers[0]).astype(np.uint8)
    around = np.asarray(cv2.dilate(own, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)), np.uint8)
    ring_mask = around - cv2.dilate(own, np.ones((2 * reach - 1, 2 * reach - 1), np.uint8))
    ring = ink.gray[window][(ring_mask > 0) & (ink.mask[window] == 0)]
    if len(ring) < 8:
        return False
    if _is_soft(ink.gray, labels, piece):
        return True
    inked = float(np.median(ink.gray[window][own > 0]))
    paper = float(np.percentile(ring, 75))
    return float(np.mean(ring < inked + 0.15 * (paper - inked))) > _EDGE


def _is_soft(gray: Bytes, labels: Labels, piece: Piece) -> bool:
    """Whether its outline is too soft for ink."""
    box, reach = piece.box, round(_AROUND * max(gray.shape))
    window = (
        slice(max(0, box.top - reach), box.bottom + reach),
        slice(max(0, box.left - reach), box.right + reach),
    )
    softest = max(_SOFTEST_PIXELS, _SOFTEST * max(gray.shape), _SOFTEST_SHARE * max(box.height, box.width))
    own = (labels[window] == piece.numbers[0]).astype(np.uint8)
    return bool(_measure_edge_width(gray[window], own) > softest)


def _measure_edge_width(gray: Bytes, own: Mask) -> float:
    """The width in pixels of the transition from paper to ink along the outline of a piece within a window."""
    kernel = np.ones((5, 5), np.uint8)
    inner = cv2.erode(own, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    down, across = (cv2.Sobel(gray, cv2.CV_32F, *order, ksize=3, scale=1 / 8) for order in ((0, 1), (1, 0)))
    edge = cv2.dilate(own, kernel) > inner
    steepness = float(np.percentile(np.hypot(down[edge], across[edge]), 75))
    contrast = float(np.percentile(gray[::4, ::4], 90)) - float(np.median(gray[own > 0]))
    return contrast / max(steepness, 0.1)


def _remove_underlines(pieces: list[Piece], labels: Labels) -> list[Piece]:
    """Flat pieces below everything else and at least half as wide."""
    left = sorted(pieces, key=lambda piece: piece.box.bottom)
    while len(left) >= 1:
        last, others = left[-1], left[:-1]
        is_flat = last.box.width > _FLAT * last.box.height or _is_double_line(last, labels)
        tall = [
            piece for piece in others if piece.box.height > last.box.height and piece.box.height > 0.25 * last.box.width
        ]
        if not is_flat:
            break
        if others and not tall and any(piece.box.width <= _FLAT * piece.box.height for piece in others):
            tall = others
        foot = max((piece.box.bottom for piece in tall), default=-1)
        breadth = max((piece.box.width for piece in tall), default=0)
        if foot > last.box.top or last.box.width < 0.5 * breadth:
            break
        left = others
    return left


def _is_double_line(piece: Piece, labels: Labels) -> bool:
    """Whether it is two lines, one below the other, that meet."""
    box = piece.box
    if box.width <= _FLAT_OF_TWO * box.height:
        return False
    own = (labels[box.top : box.bottom, box.left : box.right] == piece.numbers[0]).astype(np.int8)
    starts = np.count_nonzero(np.diff(own, axis=0, prepend=0) > 0, axis=0)
    return float(np.mean(starts == 2)) > _TWO_LINES and int(starts.max()) == 2


def _find_digits(pieces: list[Piece], tallest: int) -> list[Piece]:
    own = [piece for piece in pieces if piece.box.height >= _OWN * tallest and not _is_bar(piece, tallest)]
    small = [piece for piece in pieces if piece not in own]
    digits = _merge_strokes(own, tallest)
    for piece in sorted(small, key=lambda piece: -piece.area):
        distances = [max(0, *digit.box.gaps(piece.box)) for digit in digits]
        if not distances:
            break
        nearest = int(np.argmin(distances))
        digit = digits[nearest]
        reach = max(digit.box.height, digit.box.width)
        if piece.area < _LEAST_PIECE * digit.area:
            continue
        if distances[nearest] <= max(2, _FARTHEST * reach):
            digits[nearest] = digit.join(piece)
        elif distances[nearest] <= reach and piece.area > 0.15 * digit.area:
            digits[nearest] = replace(digit, alternatives=(digit.join(piece),))
    return digits


def _add_alternatives(digits: list[Piece]) -> list[Piece]:
    """With the alternative that one much lower than another is a part of the one next to it."""
    tallest = max((digit.box.height for digit in digits), default=0)
    return [
        digit
        if digit.box.height >= _EVEN * tallest or len(digits) == 1
        else replace(digit, alternatives=(*digit.alternatives, _find_nearest(digit, digits).join(digit)))
        for digit in digits
    ]


def _find_nearest(digit: Piece, digits: list[Piece]) -> Piece:
    others = [other for other in digits if other is not digit]
    return min(others, key=lambda other: max(0, *other.box.gaps(digit.box)))


def _is_bar(piece: Piece, tallest: int) -> bool:
    """Whether it is the upper stroke of a 5, written apart from the rest: no digit is so flat."""
    return piece.box.height < _LOW * tallest and piece.box.width > _FLATTER * piece.box.height


def _split_touching(digit: Piece, labels: Labels) -> list[Piece]:
    """Both of two digits that touch; the digit itself where it is one, or could be."""
    box = digit.box
    window = labels[box.top : box.bottom, box.left : box.right]
    own = np.isin(window, digit.numbers)
    seam = find_seam(own.astype(np.uint8))
    right = own & seam.right
    if seam.digit_count is DigitCount.ONE or not right.any() or not (own & ~right).any():
        return [digit]
    number = int(labels.max()) + 1
    window[right] = number
    halves = [_make_piece(labels, box, numbers) for numbers in (digit.numbers, (number,))]
    if seam.digit_count is DigitCount.TWO:
        return halves
    return [replace(digit, numbers=(*digit.numbers, number), alternatives=(*digit.alternatives, *halves))]


def _make_piece(labels: Labels, box: Box, numbers: tuple[int, ...]) -> Piece:
    """What has these numbers within a box."""
    own = np.isin(labels[box.top : box.bottom, box.left : box.right], numbers)
    rows, columns = np.flatnonzero(own.any(axis=1)), np.flatnonzero(own.any(axis=0))
    tight = Box(
        box.top + int(rows[0]),
        box.top + int(rows[-1]) + 1,
        box.left + int(columns[0]),
        box.left + int(columns[-1]) + 1,
    )
    return Piece(numbers, tight, int(own.sum()))


def _merge_strokes(own: list[Piece], tallest: int) -> list[Piece]:
    """Join tall pieces if one is above the other, or beside it within its box: strokes of one digit."""
    digits: list[Piece] = []
    waiting = sorted(own, key=lambda piece: -piece.area)
    for piece in waiting:
        for number, digit in enumerate(digits):
            if _are_one(digit.box, piece.box, tallest):
                digits[number] = digit.join(piece)
                break
        else:
            digits.append(piece)
    return digits


def _are_one(one: Box, other: Box, tallest: int) -> bool:
    down, across = one.gaps(other)
    narrower, lower = min(one.width, other.width), min(one.height, other.height)
    overlap_across, overlap_down = -across / max(1, narrower), -down / max(1, lower)
    if overlap_across > 0.5 and down <= 0.08 * tallest:
        return True
    return overlap_across > 0.2 and overlap_down > 0.2


def _group_into_lines(digits: list[Piece]) -> tuple[tuple[Piece, ...], ...]:
    lines: list[list[Piece]] = []
    for digit in sorted(digits, key=lambda digit: digit.box.top + digit.box.bottom):
        for line in lines:
            last = line[-1].box
            down, _ = last.gaps(digit.box)
            if -down > 0.4 * min(last.height, digit.box.height):
                line.append(digit)
                break
        else:
            lines.append([digit])
    return tuple(tuple(sorted(line, key=lambda digit: digit.box.left)) for line in lines)
