"""A notebook's code cells as one text, and where in it each cell begins. No torch."""

from __future__ import annotations

import bisect
import json
import re
from dataclasses import dataclass

# What is IPython's and not Python's: `%matplotlib inline`, `!pip install`, `?name`, `%%time` above a cell.
_OF_IPYTHON = re.compile(r"^(\s*)([%!?].*|[\w.]+\?+\s*)$")
# These make the whole cell something else than Python.
_OTHER_LANGUAGE = re.compile(
    r"^%%(bash|sh|script|html|javascript|js|latex|markdown|perl|ruby|svg|writefile|file|cmd)\b"
)


@dataclass(frozen=True)
class Cells:
    """The text of all code cells, one after the other, and the line (from 1) at which each begins."""

    text: str
    starts: tuple[int, ...]
    numbers: tuple[int, ...]
    """Of each code cell its number among all cells, from 1."""

    def place(self, line: int) -> str:
        """`line 3 of cell 2`, of a line of the text."""
        index = max(bisect.bisect_right(self.starts, line) - 1, 0)
        return f"line {line - self.starts[index] + 1} of cell {self.numbers[index]}"


def read_cells(text: str) -> Cells:
    """Raises ValueError if it is not a notebook."""
    notebook = json.loads(text)
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise ValueError("it has no cells")
    lines: list[str] = []
    starts, numbers = [], []
    for number, cell in enumerate(cells, 1):
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            starts.append(len(lines) + 1)
            numbers.append(number)
            lines += _python_of(_source_of(cell)) or [""]
    return Cells("\n".join(lines) + "\n", tuple(starts) or (1,), tuple(numbers) or (1,))


def _source_of(cell: dict[str, object]) -> str:
    """A text, or a list of lines with their ends."""
    source = cell.get("source", "")
    return "".join(map(str, source)) if isinstance(source, list) else str(source)


def _python_of(source: str) -> list[str]:
    """The cell's lines, with those that are not Python empty: each stays at its own number."""
    lines = source.splitlines()
    if lines and _OTHER_LANGUAGE.match(lines[0]):
        return ["" for _ in lines]
    return [_OF_IPYTHON.sub(r"\1pass", line) for line in lines]
