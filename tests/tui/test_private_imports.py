"""What the libraries of the dashboard keep private is reached into by the modules named for that, and by no other."""

from __future__ import annotations

import re
from pathlib import Path

import mnist_tui.tui

PACKAGE = Path(mnist_tui.tui.__file__).parent
PRIVATE = re.compile(r"^\s*(?:from|import) textual[\w.]*\._|^\s*from textual[\w.]* import _", re.MULTILINE)


def test_private_modules_of_textual_are_imported_by_its_corrections_only() -> None:
    found = [path for path in PACKAGE.rglob("*.py") if PRIVATE.search(path.read_text(encoding="utf-8"))]

    assert found
    assert {path.parent.name for path in found} == {"textual_fixes"}
