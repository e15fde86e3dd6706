"""A translation unit: what the compiler is given at once, and makes an object file of."""

from __future__ import annotations

from typing import NamedTuple


class Unit(NamedTuple):
    """One file of a program."""

    file: str
    """Its name, `*.cpp`; no two units of a program share one."""
    text: str
