"""The code cells of a notebook as one text, and the line at which each begins. No torch."""

from __future__ import annotations

import ast
import bisect
import json
import re
from dataclasses import dataclass

# IPython syntax that is not Python: `%matplotlib inline`, `!pip install`, `files = !ls`, `?name`, `%%time` above a
# cell.
_OF_IPYTHON = re.compile(r"^(\s*)((?:[\w.]+\s*=\s*)?[%!?].*|[\w.]+\?+\s*)$")
_DEFINES_A_CLASS = re.compile(r"^class\s", re.MULTILINE)
# The whole cell is in another language.
_OTHER_LANGUAGE = re.compile(
    r"^%%(bash|sh|script|html|javascript|js|latex|markdown|perl|ruby|svg|writefile|file|cmd)\b"
)


@dataclass(frozen=True)
class NotebookCells:
    """The text of all code cells, one after the other, and the line (from 1) at which each begins."""

    text: str
    starts: tuple[int, ...]
    numbers: tuple[int, ...]
    """The number of each code cell among all cells, from 1."""

    def locate(self, line: int) -> str:
        """`line 3 of cell 2` for a line of the text."""
        index = max(bisect.bisect_right(self.starts, line) - 1, 0)
        return f"line {line - self.starts[index] + 1} of cell {self.numbers[index]}"


def read_cells(text: str) -> NotebookCells:
    """Raises ValueError if it is not a notebook."""
    notebook = json.loads(text)
    cells = _find_cells(notebook)
    lines: list[str] = []
    starts, numbers = [], []
    for number, cell in enumerate(cells, 1):
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            starts.append(len(lines) + 1)
            numbers.append(number)
            lines += _extract_python(_cell_source(cell)) or [""]
    return NotebookCells("\n".join(lines) + "\n", tuple(starts) or (1,), tuple(numbers) or (1,))


def _find_cells(notebook: object) -> list[object]:
    """The cells of the current format, or of the previous one, which stored them in worksheets."""
    if isinstance(notebook, dict):
        sheets = notebook.get("worksheets", [])
        for holder in (notebook, *(sheets if isinstance(sheets, list) else [])):
            if isinstance(holder, dict) and isinstance(cells := holder.get("cells"), list):
                return cells
    raise ValueError("it has no cells")


def _cell_source(cell: dict[str, object]) -> str:
    """A text, or a list of lines with their ends."""
    source = cell.get("source", cell.get("input", ""))
    return "".join(map(str, source)) if isinstance(source, list) else str(source)


def _extract_python(source: str) -> list[str]:
    """The cell's lines, with IPython syntax replaced, so that each keeps its line number.

    A cell that is not valid Python must not hide a class in another cell.
    """
    lines = source.splitlines()
    if lines and _OTHER_LANGUAGE.match(lines[0]):
        return ["" for _ in lines]
    python = [_OF_IPYTHON.sub(r"\1pass", line) for line in lines]
    if not _DEFINES_A_CLASS.search(source) and not _is_python("\n".join(python)):
        return ["" for _ in lines]
    return python


def _is_python(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
