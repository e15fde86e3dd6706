"""The architecture that CONTRIBUTING.md draws: the rows of the import contract, and what is imported without torch."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

import mnist_tui
from tests.cli import program
from tests.patience import PATIENCE

ROOT = Path(__file__).parents[1]

# What the dashboard's first frame, the command line's start and lists of runs are made of.
TORCH_FREE = (
    "config",
    "recipes",
    "events",
    "errors",
    "system",
    "runs",
    "render",
    "sweep",
    "training.control",
    "training.snapshot",
    "training.jobs",
    "cli",
)
LAZY = {"sweep.optuna_source"}  # imported only for a search, which computes anyway


def rows_of_the_contract() -> list[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    return [row for contract in contracts if contract["type"] == "layers" for row in contract["layers"]]


def test_contributing_prints_the_rows_of_the_contract() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    printed = text.split("```")[1]
    rows = [line.split("  ")[0].strip() for line in printed.splitlines() if line and not line.startswith(" ")]
    assert rows == rows_of_the_contract()


def test_the_rows_are_the_packages() -> None:
    listed = {name.strip() for row in rows_of_the_contract() for name in row.split("|")}
    present = {module.name for module in pkgutil.iter_modules(mnist_tui.__path__)}
    assert present - {"__main__"} == listed


@pytest.mark.parametrize("name", TORCH_FREE)
def test_what_must_start_quickly_is_imported_without_torch(name: str) -> None:
    package = import_module(f"mnist_tui.{name}")
    prefix = f"{package.__name__}."
    below = [found.name for found in pkgutil.walk_packages(getattr(package, "__path__", []), prefix)]
    modules = [module for module in (package.__name__, *below) if module.removeprefix("mnist_tui.") not in LAZY]
    heavy = {"torch", "torchvision"} | ({"numpy", "typer", "textual"} if name != "cli" else set())
    code = f"import sys, {', '.join(modules)}; print(*{heavy} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=program.environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    assert done.stdout.split() == []
