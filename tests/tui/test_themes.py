"""Our themes: everything written in them can be read, on whatever it is written."""

from __future__ import annotations

import pytest
from textual.color import Color
from textual.theme import Theme

from mnist_tui.tui.themes import NIGHT, PAPER

# What the guidelines for web pages ask of text (WCAG 2, level AA).
READABLE = 4.5


@pytest.mark.parametrize("theme", [NIGHT, PAPER], ids=lambda theme: theme.name)
@pytest.mark.parametrize("ground", ["background", "surface", "panel"])
def test_every_text_color_can_be_read(theme: Theme, ground: str) -> None:
    colors = theme.to_color_system().generate()
    behind = Color.parse(colors[ground])
    texts = ["foreground", *(f"text-{name}" for name in ("primary", "accent", "warning", "error", "success"))]
    ratios = {name: contrast(Color.parse(colors[name]), behind) for name in texts}
    assert {name: ratio for name, ratio in ratios.items() if ratio < READABLE} == {}


def contrast(one: Color, other: Color) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(color: Color) -> float:
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in color.normalized]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
