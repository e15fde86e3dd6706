"""The documents name tests that exist: a promise is only as good as the test behind it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
REFERENCE = re.compile(r"`((?:\w+/)*test_\w+\.py)?::(test_\w+)`")


def functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}


@pytest.mark.parametrize("document", sorted(ROOT.glob("docs/*.md")), ids=lambda path: path.name)
def test_every_test_that_is_named_exists(document: Path) -> None:
    """A name without a file is in the file that was named before it."""
    missing, file = [], ""
    for named, name in REFERENCE.findall(document.read_text(encoding="utf-8")):
        file = named or file
        path = ROOT / "tests" / file
        if not path.is_file() or name not in functions(path):
            missing.append(f"{file}::{name}")
    assert missing == []
