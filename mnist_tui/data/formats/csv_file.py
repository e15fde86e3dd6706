"""Images as CSV: a row of 784 values each, with or without a label, as in Kaggle's files; or 28 rows of 28.

Accepts the variants that spreadsheets write: with or without a header, commas, semicolons, tabs or spaces, quotes,
decimal commas, byte order marks, any line ends, an index column.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mnist_tui.config import IMAGE_SIZE
from mnist_tui.data.formats.labeled_images import (
    MAX_IMAGES,
    PIXELS,
    LabeledImages,
    Numbers,
    build_labeled_images,
)
from mnist_tui.errors import PictureError

NumberedLine = tuple[int, str]
"""A non-blank line and its number in the file, from 1."""

_LABELS = {"label", "labels", "class", "target", "digit", "y"}
_INDICES = {"unnamed: 0", "index", "id", "imageid", "image_id"}
_ROWS_AT_ONCE, _ROWS_EXAMINED = 1000, 100
_LOOSE_BYTES = 100_000
# A row of 784 values takes 20 KB at most; a longer line is not read to its end.
_MOST_CHARACTERS = 200_000
_MOST_SHOWN = 40
_NUMBERS = re.compile(r"""[\s0-9.,;|eE+"'-]+""")
_SEPARATORS = " \t\n\r\f\v,;|"
_QUOTED_DECIMAL = re.compile(r'"\s*([+-]?\d+),(\d+)\s*"')
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_REMEDY = (
    f"Give one row per image, {PIXELS} values with or without a label before them; "
    f"or {IMAGE_SIZE} rows of {IMAGE_SIZE} values for one image."
)


def is_csv(head: bytes) -> bool:
    """Whether a file that begins with `head` is rows of numbers, with or without a header."""
    if b"\0" in head and not head.startswith(_UTF16):
        return False
    text = head[:_MOST_CHARACTERS].decode(_detect_encoding(head), "replace")
    lines = [line for line in text.splitlines()[:100] if line.strip(_SEPARATORS)][:2]
    if not lines:
        return False
    first, second = lines[0], lines[-1]
    mark = max(",;\t|", key=first.count)
    is_table = first.count(mark) >= IMAGE_SIZE - 1 and (
        first.count(mark) == second.count(mark) or _is_number_row(second[:200])
    )
    return _is_number_row(first) or is_table


def _is_number_row(line: str) -> bool:
    return bool(_NUMBERS.fullmatch(line)) and any(map(str.isdigit, line))


def _detect_encoding(content: bytes) -> str:
    return "utf-16" if content.startswith(_UTF16) else "utf-8-sig"


def parse_csv(content: bytes) -> LabeledImages:
    """The images of a CSV file. Raises PictureError with the rest of a sentence that begins with the file's name."""
    try:
        return _parse_table(content)
    except PictureError:
        loose = _parse_loosely(content)
        if loose is None:
            raise
        return build_labeled_images([loose[None]], None, lambda _: "")


def _parse_loosely(content: bytes) -> Numbers | None:
    """784 numbers, in any layout; None for anything else."""
    if len(content) > _LOOSE_BYTES:
        return None
    words = re.split(r"[\s,;]+", content.decode("utf-8-sig", "replace").strip(" \t\r\n,;"))
    try:
        return np.array([float(word) for word in words], dtype=np.float32) if len(words) == PIXELS else None
    except ValueError:
        return None


def _read_lines(content: bytes) -> Iterator[NumberedLine]:
    # By default any line end becomes \n.
    text = io.TextIOWrapper(io.BytesIO(content), _detect_encoding(content), errors="replace")
    for number in itertools.count(1):
        line = text.readline(_MOST_CHARACTERS)
        if not line:
            return
        if len(line) == _MOST_CHARACTERS and not line.endswith("\n"):
            raise PictureError(
                f"holds a row of more than {_MOST_CHARACTERS:,} characters in line {number:,}; "
                f"one of {PIXELS + 1} values is shorter",
                remedy=_REMEDY,
            )
        if line.strip(_SEPARATORS + '"'):
            yield number, line.strip(" \n\f\v")


@dataclass(frozen=True)
class _Format:
    """How values are separated. `delimiter` is None for any white space."""

    delimiter: str | None

    @classmethod
    def detect(cls, line: str) -> _Format:
        """The format of a row of numbers."""
        plain = _QUOTED_DECIMAL.sub("0", line)
        # With semicolons a comma is a decimal one, unless several lie between two of them.
        if ";" in plain and all(part.count(",") <= 1 for part in plain.split(";")):
            return cls(";")
        return cls(next((mark for mark in "\t,|" if mark in plain), None))

    def clean(self, line: str) -> str:
        """Without quotes, decimal commas and marks at the end."""
        if '"' in line or "'" in line:
            line = _QUOTED_DECIMAL.sub(r"\1.\2", line).replace('"', "").replace("'", "")
        if self.delimiter != ",":
            line = line.replace(",", ".")
        return line.rstrip(self.delimiter).rstrip()

    def count(self, line: str) -> int:
        return len(line.split()) if self.delimiter is None else line.count(self.delimiter) + 1

    def split(self, line: str) -> list[str]:
        return [cell.strip() for cell in line.split(self.delimiter)]


@dataclass(frozen=True)
class _Columns:
    """The meaning of a row's `count` values."""

    count: int
    names: Sequence[str]
    """From the header; empty without one."""
    label: int | None
    pixels: range
    remarks: tuple[str, ...] = ()

    @property
    def numeric(self) -> list[int]:
        """Those that are read as numbers: the label, if there is one, and the pixels."""
        return [*([] if self.label is None else [self.label]), *self.pixels]

    def name(self, column: int) -> str:
        """`column 18 (pixel16)`."""
        return f"column {column + 1}" + (f" ({self.names[column][:_MOST_SHOWN]})" if self.names else "")


def _parse_table(content: bytes) -> LabeledImages:
    lines = _read_lines(content)
    head = list(itertools.islice(lines, 2))
    if not head:
        raise PictureError("holds nothing but blank lines", remedy=_REMEDY)
    form = _Format.detect(head[-1][1])
    names = _parse_header(form, head[0][1])
    rows = itertools.chain(head[1:] if names else head, lines)
    first = next(rows, None)
    if first is None and len(names) >= IMAGE_SIZE:
        raise PictureError("holds a header and no rows", remedy=_REMEDY)
    if first is None or (names and not any(map(_is_number, form.split(form.clean(first[1]))))):
        raise PictureError(f"is not a table of numbers: it begins with {_quote(head[0][1].strip())}", remedy=_REMEDY)
    begin = [first, *itertools.islice(rows, _ROWS_EXAMINED)]
    columns = _identify_columns(names, [form.split(form.clean(line)) for _, line in begin])
    values = list(_parse_blocks(itertools.chain(begin, rows), form, columns))
    return _build_images(columns, values)


def _parse_header(form: _Format, line: str) -> list[str]:
    """The names of the columns; empty if the line is a row of values."""
    try:
        cells = [cell.strip() for cell in next(csv.reader([line], delimiter=form.delimiter or " "))]
    except csv.Error:  # a cell that is too long for csv is not a name
        return []
    while len(cells) > 1 and not cells[-1]:
        cells.pop()
    words = [cell for cell in cells if not _is_number(cell)]
    is_named = not (_LABELS | _INDICES).isdisjoint({cells[0].lower(), cells[-1].lower()})
    return cells if is_named or len(words) > len(cells) / 2 or _is_counted(cells) else []


def _is_counted(cells: list[str]) -> bool:
    """Whether these are the names that pandas gives to columns without one: 0, 1, 2, …"""
    cells = cells[1:] if cells[0] == "" else cells
    counted = [[str(number) for number in range(start, start + len(cells))] for start in (0, 1)]
    return len(cells) >= IMAGE_SIZE and cells in counted


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True


def _identify_columns(names: Sequence[str], rows: Sequence[Sequence[str]]) -> _Columns:
    """What the columns are, by their names, or else by what the first `rows` hold."""
    count = len(rows[0])
    if names and len(names) != count:
        raise PictureError(
            f"holds {count:,} values in row 1, but its header names {len(names):,} columns", remedy=_REMEDY
        )
    lower = [name.lower() for name in names]
    first = 1 if names and lower[0] in {"", *_INDICES} else 0
    label = next((number for number, name in enumerate(lower) if name in _LABELS), None)
    remarks: tuple[str, ...] = ()
    if label is None and count - first == PIXELS + 1:
        label, remarks = _find_unnamed_label(rows, first)
    if label not in (None, first, count - 1):
        raise PictureError(
            f"holds its labels in column {label + 1:,}, among the pixels",
            remedy="Put the labels first or last.",
        )
    pixels = range(first + (label == first), count - (label == count - 1))
    if len(pixels) not in (PIXELS, IMAGE_SIZE, 1):
        raise PictureError(_describe_wrong_count(count, len(pixels)), remedy=_REMEDY)
    return _Columns(count, names, label, pixels, remarks)


def _find_unnamed_label(rows: Sequence[Sequence[str]], first: int) -> tuple[int, tuple[str, ...]]:
    """Of 785 values the first is the label, as in Kaggle's files, unless only the last can be one."""
    if all(row[first] in ("0", "0.0") for row in rows) and any(row[-1] not in ("0", "0.0") for row in rows):
        return len(rows[0]) - 1, ("its last column was read as the labels.",)
    return first, ()


def _describe_wrong_count(count: int, pixels: int) -> str:
    besides = f", {pixels:,} of them pixels" if pixels != count else ""
    values = "1 value" if count == 1 else f"{count:,} values"
    return f"holds {values} in row 1{besides}; an image has {IMAGE_SIZE} × {IMAGE_SIZE} = {PIXELS}"


def _parse_blocks(rows: Iterator[NumberedLine], form: _Format, columns: _Columns) -> Iterator[Numbers]:
    """(n, numeric columns) at a time. Raises PictureError, which names row and column."""
    done = 0
    while lines := list(itertools.islice(rows, _ROWS_AT_ONCE)):
        cleaned = [(number, form.clean(line)) for number, line in lines]
        for row, (number, line) in enumerate(cleaned, done + 1):
            if (count := form.count(line)) != columns.count:
                raise PictureError(
                    f"holds {count:,} values in row {row:,} (line {number:,}), not {columns.count:,} as in row 1",
                    remedy=_REMEDY,
                )
        yield _to_bytes_if_whole(_parse_rows(cleaned, done, form, columns))
        done += len(lines)
        if done > MAX_IMAGES * (PIXELS // len(columns.pixels)):
            raise PictureError(f"holds more than {MAX_IMAGES:,} images", remedy="Split it.")


def _parse_rows(lines: Sequence[NumberedLine], done: int, form: _Format, columns: _Columns) -> Numbers:
    try:
        return np.loadtxt(
            [line for _, line in lines],
            dtype=np.float32,
            comments=None,
            delimiter=form.delimiter,
            usecols=columns.numeric,
            ndmin=2,
        )
    except ValueError as error:
        for row, (number, line) in enumerate(lines, done + 1):
            cells = form.split(line)
            for column in columns.numeric:
                if not _is_number(cells[column]):
                    raise PictureError(
                        f"holds {_quote(cells[column])} in row {row:,} (line {number:,}), {columns.name(column)}",
                        remedy="Every value must be a number.",
                    ) from error
        raise PictureError(f"cannot be read as numbers: {error}", remedy=_REMEDY) from error


def _quote(cell: str) -> str:
    """`'abc'`, or `nothing`."""
    return repr(cell if len(cell) <= _MOST_SHOWN else f"{cell[:_MOST_SHOWN]}…") if cell else "nothing"


def _to_bytes_if_whole(values: Numbers) -> Numbers:
    """The values as bytes, if all of them are whole numbers from 0 to 255."""
    with np.errstate(invalid="ignore"):
        small = values.astype(np.uint8)
    return small if np.array_equal(small, values) else values


def _build_images(columns: _Columns, blocks: Sequence[Numbers]) -> LabeledImages:
    has_label = columns.label is not None
    pixels = [block[:, has_label:] for block in blocks]
    if len(columns.pixels) == PIXELS:
        labels = np.concatenate([block[:, 0] for block in blocks]) if has_label else None
        return build_labeled_images(pixels, labels, lambda image: f"row {image + 1:,}", columns.remarks)
    values = np.concatenate(pixels).ravel()
    if values.size % PIXELS:
        raise PictureError(
            f"holds {values.size // len(columns.pixels):,} rows of {len(columns.pixels)}", remedy=_REMEDY
        )
    rows = PIXELS // len(columns.pixels)
    return build_labeled_images(
        [values.reshape(-1, PIXELS)],
        None,
        lambda image: f"rows {image * rows + 1:,} to {(image + 1) * rows:,}",
        columns.remarks,
    )
